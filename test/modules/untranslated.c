/*-------------------------------------------------------------------------
 *
 * untranslated.c
 *		gettext that translates nothing, to be preloaded with the runtime of
 *		AddressSanitizer.
 *
 * With that runtime preloaded, the programs of Debian 12's PostgreSQL wait for
 * ever for a lock of glibc's message catalogues, before they do anything.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>

char	   *bindtextdomain(const char *domain, const char *directory);
char	   *bind_textdomain_codeset(const char *domain, const char *codeset);
char	   *textdomain(const char *domain);
char	   *gettext(const char *message);
char	   *dgettext(const char *domain, const char *message);
char	   *dcgettext(const char *domain, const char *message, int category);
char	   *ngettext(const char *one, const char *many, unsigned long n);
char	   *dngettext(const char *domain, const char *one, const char *many,
					  unsigned long n);
char	   *dcngettext(const char *domain, const char *one, const char *many,
					   unsigned long n, int category);

char *
bindtextdomain(const char *domain, const char *directory)
{
	return NULL;
}

char *
bind_textdomain_codeset(const char *domain, const char *codeset)
{
	return NULL;
}

char *
textdomain(const char *domain)
{
	return (char *) domain;
}

char *
gettext(const char *message)
{
	return (char *) message;
}

char *
dgettext(const char *domain, const char *message)
{
	return (char *) message;
}

char *
dcgettext(const char *domain, const char *message, int category)
{
	return (char *) message;
}

char *
ngettext(const char *one, const char *many, unsigned long n)
{
	return (char *) (n == 1 ? one : many);
}

char *
dngettext(const char *domain, const char *one, const char *many,
		  unsigned long n)
{
	return (char *) (n == 1 ? one : many);
}

char *
dcngettext(const char *domain, const char *one, const char *many,
		   unsigned long n, int category)
{
	return (char *) (n == 1 ? one : many);
}
