# sqlite_fdw_mig: a whole SQLite database into PostgreSQL, from inside the server
#
#   make            build                    make demo     set up, migrate a sample, show the report
#   make install    into PG_CONFIG's tree    make test     set up and run every test
#   make installcheck  pg_regress against a running server
#   make test-long  the same, trying much more
#   make bench      measure against COPY and, with PEERS="pgloader ...", other tools
#
EXTENSION = sqlite_fdw_mig
EXTVERSION = 1.0
MODULE_big = sqlite_fdw_mig

OBJS = sqlite_fdw_mig.o $(patsubst %.c,%.o,$(sort $(wildcard src/*.c)))

# The SQL half: one script, in the order in which its parts need each other.
SQL_PARTS = begin fdw state catalog value compare translate types model ddl match load finish tools target mode plan verify fill \
	orphan run data rule key_rule violations violation_note data_orphan data_run missing data_plan sync sync_run retry foresee estimate check audit \
	export export_table export_part export_view export_run round_trip
SQL_SOURCES = $(SQL_PARTS:%=migrate/%.sql)

DATA_built = $(EXTENSION)--$(EXTVERSION).sql
SHLIB_LINK = -lsqlite3
PG_CPPFLAGS = -I$(srcdir)/src

FIXTURES = $(patsubst %.sql,%.db,$(sort $(wildcard test/fixtures/*.sql)))
REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --load-extension=sqlite_fdw_mig
EXTRA_CLEAN = $(DATA_built) $(FIXTURES)

# The goals of the last section install PostgreSQL where there is none, so they
# must not need its makefiles.
CONVENIENCE = demo test test-long versions bench

PG_CONFIG ?= pg_config
ifneq ($(filter-out $(CONVENIENCE),$(or $(MAKECMDGOALS),all)),)
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(PGXS),)
$(error no $(PG_CONFIG) here: install PostgreSQL's server headers (Debian: postgresql-server-dev-all), set PG_CONFIG, or say "make test", which installs what it needs)
endif
include $(PGXS)
endif

$(EXTENSION)--$(EXTVERSION).sql: $(SQL_SOURCES)
	cat $^ > $@

$(OBJS): $(wildcard src/*.h)

test/fixtures/%.db: test/fixtures/%.sql
	rm -f $@
	sqlite3 -bail $@ < $<

.PHONY: fixtures
fixtures: $(FIXTURES)
installcheck: fixtures

# -- convenience --

.PHONY: $(CONVENIENCE)

demo:
	test/demo

test:
	test/run

test-long:
	SQM_PROPERTY=long test/run
	test/sanitize
	SQM_FUZZ_SECONDS=$${SQM_FUZZ_SECONDS:-600} test/fuzz/run

versions:
	test/versions $(VERSIONS)

bench:
	test/bench/run $(BENCH_OPTIONS)
