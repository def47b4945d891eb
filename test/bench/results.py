"""From single runs to medians and ratios, as CSV and Markdown."""

import csv
import statistics
from dataclasses import dataclass, field

ENOUGH = 0.2                    # seconds of processor time that can be told from a tick of the kernel's clock


@dataclass
class One:
    """One run of one method."""
    round: int
    seconds: float
    cpu: float                  # processor time of server and clients
    process_kb: int
    server_kb: int
    client_kb: int


@dataclass
class Line:
    """All runs of a method in a scenario."""
    scenario: str
    method: str
    label: str
    peer: bool = False
    runs: list = field(default_factory=list)
    problem: str = ''           # why there are no runs, or why they do not count
    remark: str = ''

    @property
    def counts(self):
        return bool(self.runs) and not self.problem

    def median(self, what):
        return statistics.median(getattr(run, what) for run in self.runs)


@dataclass
class Scenario:
    name: str
    title: str
    rows: int
    bytes: int
    lines: list = field(default_factory=list)

    @property
    def reference(self):
        return self.lines[0]

    def cpu_ratio(self, line):
        enough = self.reference.runs and self.reference.median('cpu') >= ENOUGH
        ratios = self.ratios(line, 'cpu') if enough else None
        return ratios[0] if ratios else None

    def ratios(self, line, what='seconds'):
        """Against the reference of the same round: (median, least, greatest)."""
        base = {run.round: getattr(run, what) for run in self.reference.runs}
        ratios = [getattr(run, what) / base[run.round] for run in line.runs if base.get(run.round)]
        return (statistics.median(ratios), min(ratios), max(ratios)) if ratios else None


CSV_COLUMNS = ('scenario', 'rows', 'source_bytes', 'method', 'rounds', 'ratio_median', 'ratio_min', 'ratio_max', 'seconds_median',
               'seconds_min', 'seconds_max', 'cpu_ratio', 'cpu_seconds', 'backend_kb', 'server_kb', 'client_kb', 'problem', 'remark')


def write_csv(path, scenarios):
    with open(path, 'w', encoding='utf-8', newline='') as file:
        out = csv.writer(file)
        out.writerow(CSV_COLUMNS)
        for s in scenarios:
            for line in s.lines:
                seconds = [run.seconds for run in line.runs]
                numbers = [''] * 11
                if line.runs:
                    cpu = s.cpu_ratio(line)
                    numbers = [f'{r:.3f}' for r in s.ratios(line) or ()] or [''] * 3
                    numbers += [f'{v:.4f}' for v in (statistics.median(seconds), min(seconds), max(seconds))]
                    numbers += [f'{cpu:.3f}' if cpu else '', f'{line.median("cpu"):.2f}']
                    numbers += [int(line.median(w)) for w in ('process_kb', 'server_kb', 'client_kb')]
                out.writerow([s.name, s.rows, s.bytes, line.method, len(line.runs), *numbers, line.problem, line.remark])


def megabytes(kilobytes):
    return f'{kilobytes / 1024:.0f}' if kilobytes >= 10240 else f'{kilobytes / 1024:.1f}' if kilobytes else '-'


def table(scenario):
    out = [f'### {scenario.title}', '', f'{scenario.rows:,} rows, source {scenario.bytes / 1e6:,.1f} MB.', '',
           '| method | time (min–max), COPY BINARY = 1 | seconds | processor time, COPY BINARY = 1 | backend MB | client MB |',
           '|---|---|---|---|---|---|']
    notes = []
    for line in scenario.lines:
        mark = ''
        said = line.problem or line.remark
        if said:
            notes.append(said)
            mark = f' [{len(notes)}]'
        if not line.runs:
            out.append(f'| {line.label}{mark} | - | - | - | - | - |')
            continue
        median, least, greatest = scenario.ratios(line)
        cpu = scenario.cpu_ratio(line)
        out.append(f'| {line.label}{mark} | {median:.2f} ({least:.2f}–{greatest:.2f}) | {line.median("seconds"):.3g} | '
                   f'{f"{cpu:.2f}" if cpu else "-"} | '
                   f'{megabytes(line.median("process_kb"))} | {megabytes(line.median("client_kb"))} |')
    out.append('')
    out += [f'[{number}] {note}  ' for number, note in enumerate(notes, 1)] + ([''] if notes else [])
    return '\n'.join(out)


def growth(first, last, units, method, what, least=0.0):
    """How many times as much a unit takes in the last scenario as in the first; None if there was too little to tell."""
    each = []
    for scenario, number in ((first, units[0]), (last, units[1])):
        line = next((one for one in scenario.lines if one.method == method and one.counts), None)
        if line is None:
            return None
        if line.median(what) <= least:
            return None
        each.append(line.median(what) / number)
    return each[1] / each[0]


def growth_table(pairs):
    """pairs: (what, first scenario, last scenario, (units in the first, in the last))"""
    out = ['### How it grows', '', 'Time per unit in the larger source, in the smaller one = 1.', '',
           '| unit | method | processor time per unit | time per unit |', '|---|---|---|---|']
    for what, first, last, units in pairs:
        for line in first.lines:
            factor = growth(first, last, units, line.method, 'seconds')
            cpu = growth(first, last, units, line.method, 'cpu', ENOUGH)
            if factor is not None:
                out.append(f'| {what} | {line.label} | {f"{cpu:.2f}" if cpu else "-"} | {factor:.2f} |')
    return '\n'.join(out) + '\n'


def write_markdown(path, facts, rounds, scenarios, pairs, missing):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(''.join(f'* {name}: {value}\n' for name, value in facts))
        file.write(f'* rounds: {rounds}, methods in turn, in another order each round; medians of ratios within a round\n')
        file.writelines(f'* {peer} is missing: {why}\n' for peer, why in missing.items())
        file.write('\n')
        for scenario in scenarios:
            file.write(table(scenario) + '\n')
        if pairs:
            file.write(growth_table(pairs))
