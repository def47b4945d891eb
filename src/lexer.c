/*-------------------------------------------------------------------------
 *
 * lexer.c
 *		Which tokens does a text in SQLite's SQL consist of?
 *
 * The text comes out of a file that nobody vouches for, so nothing here
 * raises an error, reads past the given length or trusts a NUL to be there.
 * What SQLite's own tokenizer would refuse is refused with a message and a
 * byte position.  Bytes from 0x80 on are letters, as they are for SQLite,
 * which lets names in UTF-8 (and in every other server encoding) pass.
 *
 * This file must not know what the tokens mean: the grammar of statements
 * is ddl_facts.c's, that of expressions is expr.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lexer.h"

/*
 * A million tokens are some 20 MB of memory and many times the largest
 * schema that was ever seen; SQLite itself stops at a million bytes.
 */
#define SQM_MAX_TOKENS 1000000

/* Words that SQLite never accepts as a name without quotes, sorted. */
static const char *const reserved_words[] = {
	"ADD", "ALL", "ALTER", "AND", "AS", "AUTOINCREMENT", "BETWEEN", "CASE",
	"CHECK", "COLLATE", "COMMIT", "CONSTRAINT", "CREATE", "DEFAULT",
	"DEFERRABLE", "DELETE", "DISTINCT", "DROP", "ELSE", "ESCAPE", "EXCEPT",
	"EXISTS", "FOREIGN", "FROM", "GROUP", "HAVING", "IN", "INDEX", "INSERT",
	"INTERSECT", "INTO", "IS", "ISNULL", "JOIN", "LIMIT", "NOT", "NOTHING",
	"NOTNULL", "NULL", "ON", "OR", "ORDER", "PRIMARY", "REFERENCES",
	"RETURNING", "SELECT", "SET", "TABLE", "THEN", "TO", "TRANSACTION",
	"UNION", "UNIQUE", "UPDATE", "USING", "VALUES", "WHEN", "WHERE"
};

static const SqmToken end_token = {SQM_TOK_END, SQM_OP_NONE, 0, 0};

static inline unsigned char
upper_ascii(unsigned char c)
{
	return (c >= 'a' && c <= 'z') ? c - 'a' + 'A' : c;
}

static inline bool
is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_hex(unsigned char c)
{
	return is_digit(c) || (upper_ascii(c) >= 'A' && upper_ascii(c) <= 'F');
}

static inline bool
is_word_start(unsigned char c)
{
	return (upper_ascii(c) >= 'A' && upper_ascii(c) <= 'Z') ||
		c == '_' || c >= 0x80;
}

static inline bool
is_word_char(unsigned char c)
{
	return is_word_start(c) || is_digit(c) || c == '$';
}

/* The byte at a position, or NUL behind the end. */
static inline unsigned char
byte_at(const SqmCursor *cur, int pos)
{
	return pos < cur->length ? (unsigned char) cur->sql[pos] : '\0';
}

static bool
lex_error(SqmCursor *cur, int pos, const char *message)
{
	if (cur->error == NULL)
	{
		cur->error = message;
		cur->error_pos = pos;
	}
	return false;
}

/* Position of the first byte that is neither white space nor comment. */
static int
skip_space(const SqmCursor *cur, int pos)
{
	while (pos < cur->length)
	{
		unsigned char c = byte_at(cur, pos);

		if (c == ' ' || (c >= '\t' && c <= '\r'))
			pos++;
		else if (c == 0xEF && byte_at(cur, pos + 1) == 0xBB &&
				 byte_at(cur, pos + 2) == 0xBF)
			pos += 3;			/* a byte order mark is white space */
		else if (c == '-' && byte_at(cur, pos + 1) == '-')
		{
			while (pos < cur->length && cur->sql[pos] != '\n')
				pos++;
		}
		else if (c == '/' && byte_at(cur, pos + 1) == '*')
		{
			/* SQLite lets the end of the text close a comment, too */
			pos += 2;
			while (pos < cur->length &&
				   !(cur->sql[pos] == '*' && byte_at(cur, pos + 1) == '/'))
				pos++;
			pos = Min(pos + 2, cur->length);
		}
		else
			break;
	}
	return pos;
}

/* 'text', "id" and `id`: a doubled quote stands for itself. */
static bool
lex_quoted(SqmCursor *cur, SqmToken *tok)
{
	char		quote = cur->sql[tok->start];
	int			pos = tok->start + 1;

	for (;;)
	{
		if (pos >= cur->length)
			return lex_error(cur, tok->start, "unterminated quote");
		if (cur->sql[pos] == quote)
		{
			if (byte_at(cur, pos + 1) != (unsigned char) quote)
				break;
			pos++;
		}
		pos++;
	}
	tok->kind = quote == '\'' ? SQM_TOK_STRING : SQM_TOK_QUOTED;
	tok->end = pos + 1;
	return true;
}

static bool
lex_bracketed(SqmCursor *cur, SqmToken *tok)
{
	int			pos = tok->start + 1;

	while (pos < cur->length && cur->sql[pos] != ']')
		pos++;
	if (pos >= cur->length)
		return lex_error(cur, tok->start, "unterminated quote");
	tok->kind = SQM_TOK_QUOTED;
	tok->end = pos + 1;
	return true;
}

static bool
lex_blob(SqmCursor *cur, SqmToken *tok)
{
	int			pos = tok->start + 2;

	while (is_hex(byte_at(cur, pos)))
		pos++;
	if (byte_at(cur, pos) != '\'' || (pos - tok->start) % 2 != 0)
		return lex_error(cur, tok->start, "malformed blob literal");
	tok->kind = SQM_TOK_BLOB;
	tok->end = pos + 1;
	return true;
}

/* Digits, with single underscores between them (SQLite 3.46). */
static int
skip_digits(const SqmCursor *cur, int pos, bool (*wanted) (unsigned char))
{
	while (wanted(byte_at(cur, pos)) ||
		   (byte_at(cur, pos) == '_' && wanted(byte_at(cur, pos + 1)) &&
			wanted(byte_at(cur, pos - 1))))
		pos++;
	return pos;
}

static bool
lex_number(SqmCursor *cur, SqmToken *tok)
{
	int			pos = tok->start;

	tok->kind = SQM_TOK_INTEGER;
	if (cur->sql[pos] == '0' && upper_ascii(byte_at(cur, pos + 1)) == 'X' &&
		is_hex(byte_at(cur, pos + 2)))
		pos = skip_digits(cur, pos + 2, is_hex);
	else
	{
		pos = skip_digits(cur, pos, is_digit);
		if (byte_at(cur, pos) == '.')
		{
			tok->kind = SQM_TOK_FLOAT;
			pos++;
			if (is_digit(byte_at(cur, pos)))
				pos = skip_digits(cur, pos, is_digit);
		}
		if (upper_ascii(byte_at(cur, pos)) == 'E')
		{
			int			digits = pos + 1;

			if (byte_at(cur, digits) == '+' || byte_at(cur, digits) == '-')
				digits++;
			if (is_digit(byte_at(cur, digits)))
			{
				tok->kind = SQM_TOK_FLOAT;
				pos = skip_digits(cur, digits, is_digit);
			}
		}
	}
	if (is_word_char(byte_at(cur, pos)))
		return lex_error(cur, tok->start, "malformed number");
	tok->end = pos;
	return true;
}

static bool
lex_word(SqmCursor *cur, SqmToken *tok)
{
	int			pos = tok->start;

	while (is_word_char(byte_at(cur, pos)))
		pos++;
	tok->kind = SQM_TOK_WORD;
	tok->end = pos;
	return true;
}

static bool
lex_operator(SqmCursor *cur, SqmToken *tok)
{
	static const struct
	{
		const char *text;
		int			op;
	}			operators[] = {
		/* longest first */
		{"->>", SQM_OP_ARROW2},
		{"->", SQM_OP_ARROW},
		{"||", SQM_OP_CONCAT},
		{"<<", SQM_OP_LSHIFT},
		{">>", SQM_OP_RSHIFT},
		{"<=", SQM_OP_LE},
		{">=", SQM_OP_GE},
		{"<>", SQM_OP_NE},
		{"!=", SQM_OP_NE},
		{"==", SQM_OP_EQ},
		{"=", SQM_OP_EQ}
	};
	unsigned char c = byte_at(cur, tok->start);

	tok->kind = SQM_TOK_OP;
	for (int i = 0; i < (int) lengthof(operators); i++)
	{
		int			len = (int) strlen(operators[i].text);

		if (len <= cur->length - tok->start &&
			memcmp(cur->sql + tok->start, operators[i].text, len) == 0)
		{
			tok->op = operators[i].op;
			tok->end = tok->start + len;
			return true;
		}
	}
	if (c != '\0' && strchr("+-*/%&|~<>(),.;", c) != NULL)
	{
		tok->op = c;
		tok->end = tok->start + 1;
		return true;
	}
	if (c != '\0' && strchr("?:@#$", c) != NULL)
		return lex_error(cur, tok->start, "parameters are not allowed");
	return lex_error(cur, tok->start, "unrecognized character");
}

static bool
lex_one(SqmCursor *cur, SqmToken *tok)
{
	unsigned char c = byte_at(cur, tok->start);
	unsigned char next = byte_at(cur, tok->start + 1);

	tok->op = SQM_OP_NONE;
	if ((c == 'x' || c == 'X') && next == '\'')
		return lex_blob(cur, tok);
	if (is_word_start(c))
		return lex_word(cur, tok);
	if (is_digit(c) || (c == '.' && is_digit(next)))
		return lex_number(cur, tok);
	if (c == '\'' || c == '"' || c == '`')
		return lex_quoted(cur, tok);
	if (c == '[')
		return lex_bracketed(cur, tok);
	return lex_operator(cur, tok);
}

/*
 * Cut a text into tokens.  The cursor keeps pointing at the text.  On an
 * error the answer is false and cur->error says why.
 */
bool
sqm_lex(SqmCursor *cur, const char *sql, int length)
{
	int			room = 64;
	int			pos = 0;

	memset(cur, 0, sizeof(*cur));
	cur->sql = sql;
	cur->length = length;
	cur->tokens = palloc(room * sizeof(SqmToken));

	for (;;)
	{
		SqmToken   *tok;

		if (cur->count >= SQM_MAX_TOKENS)
			return lex_error(cur, pos, "too many tokens");
		if (cur->count >= room)
		{
			room *= 2;
			cur->tokens = repalloc(cur->tokens, room * sizeof(SqmToken));
		}
		tok = &cur->tokens[cur->count];
		tok->start = skip_space(cur, pos);
		if (tok->start >= length)
		{
			tok->kind = SQM_TOK_END;
			tok->op = SQM_OP_NONE;
			tok->start = tok->end = length;
			cur->count++;
			return true;
		}
		if (!lex_one(cur, tok))
			return false;
		pos = tok->end;
		cur->count++;
	}
}

/* The token so many places ahead; SQM_TOK_END behind the last one. */
const SqmToken *
sqm_peek(const SqmCursor *cur, int ahead)
{
	if (cur->error != NULL || cur->at + ahead >= cur->count)
		return &end_token;
	return &cur->tokens[cur->at + ahead];
}

void
sqm_advance(SqmCursor *cur)
{
	if (cur->at < cur->count - 1)
		cur->at++;
}

/* Note an error at the current token, unless there is one.  Always false. */
bool
sqm_fail(SqmCursor *cur, const char *message)
{
	if (cur->count == 0)
		return lex_error(cur, 0, message);
	return lex_error(cur, cur->tokens[Min(cur->at, cur->count - 1)].start,
					 message);
}

bool
sqm_is_word(const SqmCursor *cur, int ahead, const char *word)
{
	const SqmToken *tok = sqm_peek(cur, ahead);
	int			len = tok->end - tok->start;

	if (tok->kind != SQM_TOK_WORD || len != (int) strlen(word))
		return false;
	for (int i = 0; i < len; i++)
	{
		if (upper_ascii(cur->sql[tok->start + i]) != (unsigned char) word[i])
			return false;
	}
	return true;
}

bool
sqm_is_op(const SqmCursor *cur, int ahead, int op)
{
	const SqmToken *tok = sqm_peek(cur, ahead);

	return tok->kind == SQM_TOK_OP && tok->op == op;
}

bool
sqm_accept_word(SqmCursor *cur, const char *word)
{
	if (!sqm_is_word(cur, 0, word))
		return false;
	sqm_advance(cur);
	return true;
}

bool
sqm_accept_op(SqmCursor *cur, int op)
{
	if (!sqm_is_op(cur, 0, op))
		return false;
	sqm_advance(cur);
	return true;
}

bool
sqm_expect_word(SqmCursor *cur, const char *word)
{
	if (sqm_accept_word(cur, word))
		return true;
	return sqm_fail(cur, psprintf("expected %s", word));
}

bool
sqm_expect_op(SqmCursor *cur, int op)
{
	if (sqm_accept_op(cur, op))
		return true;
	return sqm_fail(cur, op < 256 ? psprintf("expected \"%c\"", op) :
					"expected another operator");
}

static int
compare_words(const char *a, int alen, const char *b)
{
	int			blen = (int) strlen(b);

	for (int i = 0; i < alen && i < blen; i++)
	{
		int			diff = upper_ascii(a[i]) - (unsigned char) b[i];

		if (diff != 0)
			return diff;
	}
	return alen - blen;
}

bool
sqm_word_reserved(const char *word, int length)
{
	int			low = 0;
	int			high = lengthof(reserved_words) - 1;

	while (low <= high)
	{
		int			mid = (low + high) / 2;
		int			diff = compare_words(word, length, reserved_words[mid]);

		if (diff == 0)
			return true;
		if (diff < 0)
			high = mid - 1;
		else
			low = mid + 1;
	}
	return false;
}

/*
 * Can the token be a name?  Besides quoted names that is every word that is
 * not reserved, and, for the sake of old applications, 'text'.
 */
bool
sqm_is_name(const SqmCursor *cur, int ahead)
{
	const SqmToken *tok = sqm_peek(cur, ahead);

	switch (tok->kind)
	{
		case SQM_TOK_QUOTED:
		case SQM_TOK_STRING:
			return true;
		case SQM_TOK_WORD:
			return !sqm_word_reserved(cur->sql + tok->start,
									  tok->end - tok->start);
		default:
			return false;
	}
}

/* The name at the cursor without its quotes; NULL and an error if none. */
char *
sqm_take_name(SqmCursor *cur)
{
	char	   *name;

	if (!sqm_is_name(cur, 0))
	{
		sqm_fail(cur, "expected a name");
		return NULL;
	}
	name = sqm_token_text(cur, sqm_peek(cur, 0));
	sqm_advance(cur);
	return name;
}

/* A token's text without its quotes, and with doubled quotes made single. */
char *
sqm_token_text(const SqmCursor *cur, const SqmToken *tok)
{
	const char *src = cur->sql + tok->start;
	int			len = tok->end - tok->start;
	char	   *out;
	char	   *dst;

	if (tok->kind != SQM_TOK_QUOTED && tok->kind != SQM_TOK_STRING)
		return pnstrdup(src, len);

	dst = out = palloc(len);
	for (int i = 1; i < len - 1; i++)
	{
		*dst++ = src[i];
		if (src[0] != '[' && src[i] == src[0])
			i++;				/* the second of two quotes */
	}
	*dst = '\0';
	return out;
}

/* The text from one token to another, both included, as it was written. */
char *
sqm_slice(const SqmCursor *cur, int first, int last)
{
	int			start = cur->tokens[first].start;

	if (last < first)
		return pstrdup("");
	return pnstrdup(cur->sql + start, cur->tokens[last].end - start);
}

/* SQLite's idea of equal names: without regard to the case of ASCII. */
bool
sqm_same_name(const char *a, const char *b)
{
	while (*a && upper_ascii(*a) == upper_ascii(*b))
	{
		a++;
		b++;
	}
	return upper_ascii(*a) == upper_ascii(*b);
}
