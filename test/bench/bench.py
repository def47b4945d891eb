#!/usr/bin/env python3
"""Measures all methods on all sources against the server that PGHOST and the like name.

The last line is "N passed, M failed": a method passes in a scenario if what it
loaded is equal to the reference after every round. Other tools (peers) are not
counted: what they get wrong is said in the tables.
"""

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections import namedtuple

import chart
import methods
import peers
import results
import server
import sources
from job import Job
from processes import Sampler

Plan = namedtuple('Plan', 'name title maker size methods peers job', defaults=(False, None))

# sizes: full, quick
SIZES = {'wide': (1000000, 2000), 'application': (100000, 200), 'small': (1000, 20), 'blobs': (3000, 30), 'keys': (300000, 500),
         'scale': (200000, 1000), 'tables': (100, 5), 'columns': (1000, 100)}


def plans(size):
    """The scenarios. Those with the same job share a source."""
    tables, rows = size['tables'], size['scale']
    many = tables * 50 if tables >= 100 else tables * 4
    few_columns, values = size['columns'] // 10, size['columns'] * 2000
    return [
        Plan('load', 'One big table: load only', sources.wide, (size['wide'],), methods.LOAD, job='wide'),
        Plan('wide', 'One big table: table, rows, primary key, ANALYZE', sources.wide, (size['wide'],), methods.CREATE, True, 'wide'),
        Plan('wide_existing', 'One big table that exists', sources.wide, (size['wide'],), methods.EXISTING, job='wide'),
        Plan('application', 'A whole application: 12 tables, 26 indexes, foreign keys', sources.application,
             (size['application'],), methods.CREATE, True, 'application'),
        Plan('application_existing', 'A whole application into existing tables with indexes and foreign keys',
             sources.application, (size['application'],), methods.EXISTING, job='application'),
        Plan('small', f"{size['small']:,} small tables", sources.small, (size['small'],), methods.CREATE, True),
        Plan('blobs', 'Blobs and long texts', sources.blobs, (size['blobs'],), methods.CREATE, True),
        Plan('keys', 'WITHOUT ROWID, keys in random order', sources.keys, (size['keys'],), methods.CREATE, True),
        Plan('rows_1', f'{rows:,} rows', sources.wide, (rows,), methods.FEW),
        Plan('rows_4', f'{rows * 4:,} rows', sources.wide, (rows * 4,), methods.FEW),
        Plan('rows_16', f'{rows * 16:,} rows', sources.wide, (rows * 16,), methods.FEW),
        Plan('tables_few', f'{tables:,} small tables', sources.small, (tables,), methods.FEW),
        Plan('tables_many', f'{many:,} small tables', sources.small, (many,), methods.FEW),
        Plan('columns_few', f'20 tables of {few_columns:,} columns', sources.columns,
             (20, few_columns, values // few_columns // 20), methods.FEW),
        Plan('columns_many', f'2 tables of {few_columns * 10:,} columns', sources.columns,
             (2, few_columns * 10, values // few_columns // 20), methods.FEW),
    ]


def growing(plan_of, scenarios):
    """What is compared with what: unit, smaller, larger, numbers of units."""
    pairs = [('row, 4 times the rows', 'rows_1', 'rows_4', lambda s: s[0]),
             ('row, 16 times the rows', 'rows_1', 'rows_16', lambda s: s[0]),
             ('table, many for few', 'tables_few', 'tables_many', lambda s: s[0]),
             ('value, wide for narrow tables', 'columns_few', 'columns_many', lambda s: s[0] * s[1] * s[2])]
    found = {s.name: s for s in scenarios}
    return [(what, found[first], found[last], (units(plan_of[first].size), units(plan_of[last].size)))
            for what, first, last, units in pairs if first in found and last in found]


def one_run(method, job, whole, postmaster, number):
    """Runs a method once in a new database. Returns the run and what is wrong with the result."""
    with server.Database('sqm_bench_run') as database, server.Session(database) as session:
        run = methods.Run(session, database)
        if method.prepare:
            method.prepare(job, run)
        with server.Session('postgres') as other:
            other.rows('CHECKPOINT')
        with Sampler(postmaster) as processes:
            method.function(job, run)
        wrong = job.wrong(session)
        lacking = job.lacking(session) if whole else []
    problem = f"content differs: {', '.join(wrong[:5])}" + (' ...' if wrong[5:] else '') if wrong else ''
    remark = f"made fewer objects: {', '.join(lacking)}" if lacking else ''
    return results.One(number, run.seconds, processes.seconds + run.client_cpu, processes.process, processes.server,
                       run.client_kb), problem, remark


def short(error):
    """The line of a message that says what happened."""
    lines = str(error).strip().splitlines() or ['failed']
    said = next((line for line in lines if re.search(r'error|fatal|fail', line, re.I)), lines[0])
    return re.sub(r'(/[^\s"\']+)+/', '', re.sub(r'^psql:\S+ ', '', said))[:200]


def measure(plan, job, chosen, rounds, postmaster):
    scenario = results.Scenario(plan.name, plan.title, job.rows, job.bytes)
    lines = [results.Line(plan.name, m.name, m.label, m.name in peers.PEERS) for m in chosen]
    scenario.lines = lines
    if rounds > 1:
        one_run(chosen[0], job, False, postmaster, 0)      # warms up, is not counted
    for number in range(rounds):
        for i in range(len(chosen)):
            which = (i + number) % len(chosen)
            method, line = chosen[which], lines[which]
            if line.problem and not line.runs:
                continue
            try:
                run, problem, remark = one_run(method, job, plan.methods is not methods.LOAD, postmaster, number)
                line.runs.append(run)
                line.problem = line.problem or problem
                line.remark = line.remark or remark
            except methods.Skip as reason:
                line.remark = line.problem = f'skipped: {reason}'
            except server.Failed as error:
                line.problem = f'failed: {short(error)}'
                line.runs.clear()
                print(f'{plan.name}: {method.name}: {error}', file=sys.stderr)
    return scenario


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--output', default='bench-results')
    parser.add_argument('--rounds', type=int)
    parser.add_argument('--quick', action='store_true', help='small sources and one round')
    parser.add_argument('--size', action='append', default=[], metavar='SOURCE=N', help=', '.join(SIZES))
    parser.add_argument('--scenarios', default='', help='only these, by comma')
    parser.add_argument('--methods', default='', help='only these and the reference, by comma')
    parser.add_argument('--peers', default='', help='by blank: ' + ', '.join(peers.PEERS))
    parser.add_argument('--missing', action='append', default=[], metavar='PEER=REASON')
    parser.add_argument('--trap', action='store_true', help='adds a method that changes a value: it must fail')
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.size = {**{name: pair[options.quick] for name, pair in SIZES.items()},
                    **{name: int(number) for name, _, number in (s.partition('=') for s in options.size)}}
    options.missing = {peer: why for peer, _, why in (m.partition('=') for m in options.missing)}
    for peer in options.peers.split():
        if peer not in peers.PEERS:
            parser.error(f'unknown peer "{peer}"')
    return options


def choose(plan, options):
    """The methods of a scenario, the reference first."""
    only = options.methods.split(',') if options.methods else None
    chosen = [m for i, m in enumerate(plan.methods) if i == 0 or only is None or m.name in only]
    if plan.peers:
        chosen += [peers.PEERS[p] for p in options.peers.split() if p not in options.missing and (only is None or p in only)]
        chosen += [methods.TRAP] if options.trap else []
    return chosen


def verdict(scenarios):
    """Counts methods that did what they should; says which did not."""
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    for scenario in scenarios:
        for line in scenario.lines:
            if line.peer:
                continue
            problem = line.problem or (line.remark if line.runs else '')
            outcome = 'skipped' if line.problem.startswith('skipped') else 'failed' if problem else 'passed'
            counts[outcome] += 1
            if problem:
                print(f'{scenario.name}: {line.method}: {problem}')
    print('{passed} passed, {failed} failed, {skipped} skipped'.format(**counts))
    return counts['failed'] == 0 and counts['passed'] > 0


def write_all(output, facts, options, plan_of, scenarios):
    os.makedirs(output, exist_ok=True)
    results.write_csv(os.path.join(output, 'bench.csv'), scenarios)
    results.write_markdown(os.path.join(output, 'bench.md'), facts, options.rounds, scenarios, growing(plan_of, scenarios), options.missing)
    chart.write(os.path.join(output, 'bench.svg'), [s for s in scenarios if plan_of[s.name].methods is not methods.FEW])


def main():
    options = arguments()
    os.environ.setdefault('PGPORT', '5432')
    os.environ.setdefault('PGUSER', 'postgres')
    wanted = options.scenarios.split(',') if options.scenarios else None
    todo = [p for p in plans(options.size) if wanted is None or p.name in wanted]
    plan_of = {p.name: p for p in todo}
    server.make_template()
    facts = server.facts()
    print(''.join(f'{name}: {value}\n' for name, value in facts)
          + ''.join(f'{peer} is missing: {why}\n' for peer, why in options.missing.items()), flush=True)
    directory = tempfile.mkdtemp(prefix='sqm_bench.')
    os.chmod(directory, 0o755)
    scenarios, job = [], None
    try:
        postmaster = server.postmaster()
        for plan in todo:
            name = plan.job or plan.name
            if job is None or job.name != name:
                if job:
                    job.close()
                job = Job(name, sources.generate(directory, name, plan.maker, *plan.size), directory)
            scenarios.append(measure(plan, job, choose(plan, options), options.rounds, postmaster))
            print(results.table(scenarios[-1]), flush=True)
            write_all(options.output, facts, options, plan_of, scenarios)
    finally:
        shutil.rmtree(directory)
        server.drop('sqm_bench_run')
        server.drop(server.TEMPLATE)
    return 0 if verdict(scenarios) else 1


if __name__ == '__main__':
    sys.exit(main())
