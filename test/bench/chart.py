"""Ratios as a bar chart: SVG, written by hand."""

from xml.sax.saxutils import escape

LEFT, WIDTH, RIGHT = 400, 480, 110
BAR, GAP, TITLE = 14, 6, 34
LIMIT = 4.0                     # longer bars are cut and say so
COLOURS = {'reference': '#9a9a9a', 'plain': '#b9c4d0', 'ours': '#2f6f9f', 'peer': '#c98a3c'}


def kind(line, reference):
    if line is reference:
        return 'reference'
    if line.peer:
        return 'peer'
    return 'ours' if line.method.startswith(('migrate', 'loader', 'data')) else 'plain'


def bar(y, line, ratios, scale, colour):
    median, least, greatest = ratios
    end = LEFT + min(median, LIMIT) * scale
    middle = y + BAR / 2
    out = [f'<rect x="{LEFT}" y="{y}" width="{end - LEFT:.1f}" height="{BAR}" fill="{colour}"/>']
    if least < LIMIT:
        out.append(f'<path d="M{LEFT + least * scale:.1f} {middle}H{LEFT + min(greatest, LIMIT) * scale:.1f}" stroke="#222"/>')
    note = f'{median:.2f}' + (' →' if median > LIMIT else '') + (' *' if line.problem else '')
    at = max(end, LEFT + min(greatest, LIMIT) * scale) + 6
    out.append(f'<text x="{at:.1f}" y="{middle + 4}">{note}</text>')
    return out


def draw(scenarios):
    scale = WIDTH / LIMIT
    body = []
    y = 40
    for scenario in scenarios:
        top = y + TITLE
        body.append(f'<text x="12" y="{y + 22}" class="t">{escape(scenario.title)}</text>')
        y = top
        for line in scenario.lines:
            ratios = scenario.ratios(line) if line.runs else None
            if ratios is None:
                continue
            body.append(f'<text x="{LEFT - 8}" y="{y + BAR - 3}" text-anchor="end">{escape(line.label)}</text>')
            body += bar(y, line, ratios, scale, COLOURS[kind(line, scenario.reference)])
            y += BAR + GAP
        body.append(f'<path d="M{LEFT + scale:.1f} {top - 4}V{y}" stroke="#222" stroke-dasharray="3 3"/>')
        y += GAP
    wide = LEFT + WIDTH + RIGHT
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{y + 16}" viewBox="0 0 {wide} {y + 16}" '
        'font-family="sans-serif" font-size="12">',
        '<style>.t{font-weight:bold;font-size:14px}</style>',
        f'<rect width="{wide}" height="{y + 16}" fill="white"/>',
        f'<text x="12" y="24">Time against COPY from a binary file with the same DDL (dashed: 1.0); '
        'median, with a line from the least to the greatest; shorter is better; *: content differs</text>',
        *body, '</svg>', ''])


def write(path, scenarios):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(draw([s for s in scenarios if sum(bool(line.runs) for line in s.lines) > 1]))
