/*-------------------------------------------------------------------------
 *
 * mutation.h
 *		Converters that are wrong on purpose, to see whether anybody notices.
 *
 * Only a library built with -DSQM_MUTATION has them (test/t/060_mutation.pl
 * builds one); in every other there is nothing behind these names.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SQM_MUTATION_H
#define SQM_MUTATION_H

#ifdef SQM_MUTATION
struct SqmTarget;

extern void sqm_mutation_define_settings(void);
extern void sqm_mutate(struct SqmTarget *target, Datum *datum, bool *isnull);
#else
#define sqm_mutation_define_settings() ((void) 0)
#define sqm_mutate(target, datum, isnull) ((void) 0)
#endif

#endif							/* SQM_MUTATION_H */
