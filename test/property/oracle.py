"""What docs/types.md says, once more and in another language.

The judge of test/property/migrate.py: which type must a column get, and what
must PostgreSQL then print for each of its values?  Exact arithmetic is that of
Fraction and Decimal, the calendar is Python's.
"""

import datetime
import json
import math
import re
import struct
import sys
from decimal import Decimal
from fractions import Fraction

from values import Text

INTEGER_CHAIN = ['integer', 'bigint', 'numeric', 'text', 'bytea']
BIGINT_CHAIN = INTEGER_CHAIN[1:]
BOOLEAN_CHAIN = ['boolean', 'smallint'] + BIGINT_CHAIN
TEXT_CHAIN = ['text', 'bytea']
NUMERIC_CHAIN = ['numeric'] + TEXT_CHAIN
FLOAT_CHAIN = ['double precision'] + NUMERIC_CHAIN
ZONED_CHAIN = ['timestamptz'] + BIGINT_CHAIN
STAMP_CHAIN = ['timestamp'] + ZONED_CHAIN
DYNAMIC = ['bigint', 'double precision', 'numeric', 'text', 'bytea']

CHAINS = {
    'BOOLEAN': BOOLEAN_CHAIN, 'bool': BOOLEAN_CHAIN, 'TINYINT(1)': BOOLEAN_CHAIN,
    'TINYINT': INTEGER_CHAIN, 'SMALLINT': INTEGER_CHAIN, 'INT2': INTEGER_CHAIN, 'MEDIUMINT': INTEGER_CHAIN,
    'int4': INTEGER_CHAIN, 'INT': BIGINT_CHAIN, 'INTEGER': BIGINT_CHAIN, 'BIGINT': BIGINT_CHAIN,
    'INT8': BIGINT_CHAIN, 'UNSIGNED BIG INT': BIGINT_CHAIN, 'serial': BIGINT_CHAIN,
    'VARCHAR(5)': ['varchar(5)'] + TEXT_CHAIN, 'CHAR(12)': ['varchar(12)'] + TEXT_CHAIN,
    'NVARCHAR(40)': ['varchar(40)'] + TEXT_CHAIN, 'VARCHAR2(20)': ['varchar(20)'] + TEXT_CHAIN,
    'VARYING CHARACTER(255)': ['varchar(255)'] + TEXT_CHAIN, 'VARCHAR': TEXT_CHAIN, 'TEXT': TEXT_CHAIN,
    'CLOB': TEXT_CHAIN, 'text(9)': TEXT_CHAIN, 'LONGTEXT': TEXT_CHAIN, 'CITEXT': TEXT_CHAIN,
    'BLOB': ['bytea'], 'VARBINARY(16)': ['bytea'], 'BYTEA': ['bytea'],
    'REAL': FLOAT_CHAIN, 'DOUBLE': FLOAT_CHAIN, 'DOUBLE PRECISION': FLOAT_CHAIN, 'FLOAT': FLOAT_CHAIN,
    'NUMERIC(10,2)': ['numeric(10,2)'] + NUMERIC_CHAIN, 'DECIMAL(5,3)': ['numeric(5,3)'] + NUMERIC_CHAIN,
    'DECIMAL(8)': ['numeric(8)'] + NUMERIC_CHAIN, 'NUMERIC': NUMERIC_CHAIN, 'DECIMAL': NUMERIC_CHAIN,
    'MONEY': NUMERIC_CHAIN, 'NUMBER(12,4)': ['numeric(12,4)'] + NUMERIC_CHAIN,
    'TIMESTAMPTZ': ZONED_CHAIN, 'TIMESTAMP WITH TIME ZONE': ZONED_CHAIN, 'DATETIMEOFFSET': ZONED_CHAIN,
    'DATETIME': STAMP_CHAIN, 'TIMESTAMP': STAMP_CHAIN, 'DATE': ['date'] + STAMP_CHAIN,
    'TIME': ['time'] + BIGINT_CHAIN, 'JSON': ['jsonb', 'json'] + TEXT_CHAIN, 'JSONB': ['jsonb', 'json'] + TEXT_CHAIN,
    'UUID': ['uuid'] + TEXT_CHAIN, 'GUID': ['uuid'] + TEXT_CHAIN, 'UNIQUEIDENTIFIER': ['uuid'] + TEXT_CHAIN,
    '': DYNAMIC, 'ANY': DYNAMIC, 'THING': DYNAMIC,
}

DECIMAL = re.compile(r'-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\Z')
WHOLE = re.compile(r'-?(?:0|[1-9][0-9]*)\Z')
SPECIAL = re.compile(r'(?:nan|[+-]?inf(?:inity)?)\Z', re.I)
DATE = r'(?P<year>\d{4,6}|\+\d{5,6})-(?P<month>\d\d)-(?P<day>\d\d)'
CLOCK = r'(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?'
OFFSET = r'(?P<offset> ?[Zz]| (?:UTC|GMT)| ?[+-]\d\d(?::?\d\d)?)?'
MOMENT = re.compile(DATE + '(?:[Tt ]' + CLOCK + OFFSET + ')?\\Z', re.A)
TIME = re.compile(CLOCK + '\\Z', re.A)
UUID = re.compile(r'(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z', re.I)

# what the database can write, as Python calls it
encoding = 'utf-8'

SECOND = 1000000
DAY = 86400 * SECOND


# documents are nested more deeply than Python likes
JSON_DEPTH = 2000
sys.setrecursionlimit(20 * JSON_DEPTH)


class Unfit(Exception):
    """The type does not hold the value."""


def string(value):
    """A TEXT as str, if it is one."""
    if not isinstance(value, Text):
        raise Unfit
    try:
        return value.data.decode('utf-8')
    except UnicodeDecodeError:
        raise Unfit from None


def shortest(real):
    """The shortest decimal that can be no other double, as PostgreSQL has it.

    Python also takes one that lies halfway to the next double, such as 1e23.
    """
    plain = Decimal(repr(real))
    if not plain.is_finite() or real == 0:
        return plain
    exact = Fraction(real)
    bounds = []
    for direction in (-math.inf, math.inf):
        other = math.nextafter(real, direction)
        bounds.append((exact + Fraction(other)) / 2 if math.isfinite(other) else exact * 2)
    if Fraction(plain) not in bounds:
        return plain
    for digits in range(17):
        decimal = Decimal('%.*e' % (digits, real))
        if min(bounds) < Fraction(decimal) < max(bounds):
            return decimal
    raise AssertionError('17 digits are always enough')


def real_text(real):
    """A REAL as PostgreSQL prints it, with a ".0" if it looks like an integer."""
    if real in (float('inf'), float('-inf')):
        return 'Infinity' if real > 0 else '-Infinity'
    sign, digits, exponent = shortest(real).as_tuple()
    digits = ''.join(map(str, digits))
    stripped = digits.rstrip('0')
    exponent += len(digits) - len(stripped)
    digits = stripped or '0'
    if stripped == '':
        exponent = 0
    point = len(digits) + exponent
    if real != 0 and not -4 <= point - 1 < 15:
        text = digits[0] + ('.' + digits[1:] if len(digits) > 1 else '') + 'e%+03d' % (point - 1)
    elif exponent >= 0:
        text = digits + '0' * exponent + '.0'
    elif point > 0:
        text = digits[:point] + '.' + digits[point:]
    else:
        text = '0.' + '0' * -point + digits
    return '-' * sign + text


def octets(value):
    if isinstance(value, bytes):
        return value
    if isinstance(value, Text):
        return value.data
    return (real_text(value) if isinstance(value, float) else str(value)).encode()


def boolean(value):
    if isinstance(value, (int, float)) and value in (0, 1):
        return value == 1
    if isinstance(value, (int, float, bytes)):
        raise Unfit
    text = string(value)
    if text.isascii() and text.lower() in ('0', 'f', 'false', 'no'):
        return False
    if text.isascii() and text.lower() in ('1', 't', 'true', 'yes'):
        return True
    raise Unfit


def whole(value, bits):
    if isinstance(value, float):
        if value in (float('inf'), float('-inf')) or value != int(value):
            raise Unfit
        number = int(value)
    elif isinstance(value, int):
        number = value
    else:
        text = string(value)
        if len(text) > 20 or not WHOLE.match(text):
            raise Unfit
        number = int(text)
    if not -2**(bits - 1) <= number < 2**(bits - 1):
        raise Unfit
    return number


def double(value):
    if isinstance(value, float):
        return value
    if isinstance(value, int):
        if float(value) != value:
            raise Unfit
        return float(value)
    text = string(value)
    if SPECIAL.match(text):
        return float(text)
    if not DECIMAL.match(text):
        raise Unfit
    number = float(text)
    if number in (float('inf'), float('-inf')):
        raise Unfit
    if shortest(number) != Decimal(text) and \
            (abs(Decimal(text).adjusted()) > 400 or Fraction(Decimal(text)) != Fraction(number)):
        raise Unfit
    return number


def numeric(value, precision=None, scale=None):
    if isinstance(value, int):
        number = Decimal(value)
    elif isinstance(value, float):
        number = shortest(value)
    else:
        text = string(value)
        if not DECIMAL.match(text) and not SPECIAL.match(text):
            raise Unfit
        number = Decimal(text)
    if number.is_nan():
        return 'NaN'
    if number.is_infinite():
        if precision is not None:
            raise Unfit
        return number
    if number == 0:
        return Decimal(0)
    digits = number.as_tuple().digits
    exponent = number.as_tuple().exponent
    lowest = exponent + len(digits) - len(''.join(map(str, digits)).rstrip('0'))
    if precision is None:
        if lowest < -16383 or number.adjusted() >= 131072:
            raise Unfit
        return number
    if lowest < -scale:
        # only binary noise may be rounded away
        if not isinstance(value, float):
            raise Unfit
        exact = Fraction(number)
        steps = abs(exact) * 10**scale
        near = (steps + Fraction(1, 2)).__floor__()
        if abs(near - steps) * 10**15 >= steps:
            raise Unfit
        number = Decimal(near).scaleb(-scale).copy_sign(number)
    if number.adjusted() >= precision - scale:
        raise Unfit
    return number


def in_database(characters):
    try:
        characters.encode(encoding)
    except UnicodeEncodeError:
        raise Unfit from None


def text(value, limit=None):
    data = octets(value)
    if b'\0' in data:
        raise Unfit
    try:
        characters = data.decode('utf-8')
    except UnicodeDecodeError:
        raise Unfit from None
    in_database(characters)
    if limit is not None and len(characters) > limit:
        raise Unfit
    return characters


def day_number(year, month, day):
    """Days since 1970-01-01, also beyond the year 9999."""
    cycles = 0
    if year > 9999:
        cycles = (year - 9600) // 400
        year -= 400 * cycles
    try:
        ordinal = datetime.date(year, month, day).toordinal()
    except ValueError:
        raise Unfit from None
    return ordinal + cycles * 146097 - datetime.date(1970, 1, 1).toordinal()


def clock(parts):
    if parts['hour'] is None:
        return 0
    hour, minute, second = int(parts['hour']), int(parts['minute']), int(parts['second'] or 0)
    fraction = (parts['fraction'] or '0').ljust(6, '0')
    if hour > 23 or minute > 59 or second > 59 or fraction[6:].strip('0') != '':
        raise Unfit
    return ((hour * 60 + minute) * 60 + second) * SECOND + int(fraction[:6])


def half_up(number):
    return (number + Fraction(1, 2)).__floor__()


def moment(value, zoned):
    """Microseconds since 1970."""
    if isinstance(value, bytes):
        raise Unfit
    if isinstance(value, int):
        size = abs(value)
        for low, high, unit in ((9, 10, SECOND), (12, 13, 1000), (15, 16, 1)):
            if value == 0 or low <= len(str(size)) <= high:
                return value * unit
        raise Unfit
    if isinstance(value, float):
        if value == 0:
            return 0
        size = abs(value)
        if 10**8 <= size < 10**10:
            return half_up(Fraction(value) * SECOND)
        if 10**11 <= size < 10**13:
            return half_up(Fraction(value) * 1000)
        if 1721425.5 <= value < 5373484.5:
            return (int(value * 86400000.0 + 0.5) - 210866760000000) * 1000
        raise Unfit
    parts = MOMENT.match(string(value))
    if not parts:
        raise Unfit
    if int(parts['year']) > 294276:
        raise Unfit
    result = day_number(int(parts['year']), int(parts['month']), int(parts['day'])) * DAY + clock(parts)
    offset = parts['offset']
    if offset:
        if not zoned:
            raise Unfit
        offset = offset.strip().replace(':', '')
        if offset[0] in '+-':
            minutes = int(offset[1:3]) * 60 + int(offset[3:5] or 0)
            if int(offset[3:5] or 0) > 59 or minutes > 15 * 60 + 59:
                raise Unfit
            result -= (1 if offset[0] == '+' else -1) * minutes * 60 * SECOND
    return result


def date(value):
    result = moment(value, False)
    if result % DAY != 0:
        raise Unfit
    return result


def time(value):
    parts = TIME.match(string(value))
    if not parts:
        raise Unfit
    return clock(parts)


def uuid(value):
    if isinstance(value, bytes) and len(value) == 16:
        return value.hex()
    characters = string(value)
    if characters[:1] == '{' and characters[-1:] == '}':
        characters = characters[1:-1]
    if not UUID.match(characters):
        raise Unfit
    return characters.replace('-', '').lower()


class Members(list):
    """A JSON object as the list of its members, since keys may repeat."""


def reject(word):
    raise Unfit


def document(data):
    """A JSON text, numbers as Decimal."""
    if too_deep(data):
        raise Unfit
    try:
        return json.loads(data.decode('utf-8'), parse_float=Decimal, parse_int=Decimal, parse_constant=reject,
                          object_pairs_hook=Members)
    except ValueError:
        raise Unfit from None


def too_deep(data):
    depth = deepest = 0
    for mark in re.findall(rb'"(?:[^"\\]|\\.)*"|[][{}]', data, re.S):
        if mark in b'[{':
            depth += 1
            deepest = max(deepest, depth)
        elif mark in b']}':
            depth -= 1
    return deepest > JSON_DEPTH


def binary_element(data, at, end):
    """SQLite's binary JSON as text: (text, where it ends)."""
    if at >= end:
        raise Unfit
    kind, size = data[at] & 15, data[at] >> 4
    at += 1
    if size >= 12:
        length = 1 << (size - 12)
        if end - at < length:
            raise Unfit
        size = int.from_bytes(data[at:at + length], 'big')
        at += length
    if kind > 12 or size > end - at:
        raise Unfit
    payload = data[at:at + size]
    if kind >= 11:
        return binary_container(data, at, at + size, kind == 12), at + size
    return binary_scalar(kind, payload), at + size


def binary_container(data, at, end, is_object):
    parts = []
    while at < end:
        if is_object and len(parts) % 2 == 0 and not 7 <= data[at] & 15 <= 10:
            raise Unfit
        part, at = binary_element(data, at, end)
        parts.append(part)
    if not is_object:
        return b'[' + b','.join(parts) + b']'
    if len(parts) % 2 != 0:
        raise Unfit
    return b'{' + b','.join(parts[i] + b':' + parts[i + 1] for i in range(0, len(parts), 2)) + b'}'


def binary_scalar(kind, payload):
    if kind < 3:
        if payload:
            raise Unfit
        return [b'null', b'true', b'false'][kind]
    if kind in (3, 5):
        return payload if re.fullmatch(rb'[-+0-9.eE]+', payload) else reject(payload)
    if kind == 4:
        parts = re.fullmatch(rb'([+-]?)0[xX]([0-9a-fA-F]+)', payload) or reject(payload)
        number = int(parts[2], 16)
        return (b'-' if parts[1] == b'-' else b'') + (b'9.0e999' if number >= 2**64 else b'%d' % number)
    if kind == 6:
        parts = re.fullmatch(rb'\+?(-?)([0-9]*)(\.?)([0-9]*)((?:[eE][+-]?[0-9]+)?)', payload)
        if not parts or payload[:2] == b'+-' or not (parts[2] or parts[3]):
            raise Unfit
        before, after = parts[2], parts[4]
        if parts[3]:
            before, after = before or b'0', after or b'0'
        return parts[1] + before + parts[3] + after + parts[5]
    text_forms = {7: rb'[^\x00-\x1f"\\]*', 8: rb'(?:[^\x00-\x1f"\\]|\\[^\x00-\x1f])*'}
    if kind in text_forms:
        return b'"' + payload + b'"' if re.fullmatch(text_forms[kind], payload) else reject(payload)
    if kind == 10:
        return b'"' + re.sub(rb'["\\\x00-\x1f]', escape, payload) + b'"'
    parts = re.findall(rb'\\(?:\r\n|\xe2\x80[\xa8\xa9]|x[0-9a-fA-F]{2}|[^x])|[^\\]|\\.?', payload, re.S)
    return b'"' + b''.join(map(json5_piece, parts)) + b'"'


def escape(found):
    return json.dumps(found[0].decode('latin-1')).encode()[1:-1]


def json5_piece(piece):
    if piece[:1] != b'\\':
        return re.sub(rb'["\x00-\x1f]', escape, piece)
    if piece in (b'\\', b'\\x'):
        raise Unfit
    if piece[1:] in (b'\n', b'\r', b'\r\n', b'\xe2\x80\xa8', b'\xe2\x80\xa9'):
        return b''
    if piece[1:2] == b'x':
        return b'\\u00' + piece[2:]
    return {b"\\'": b"'", b'\\v': b'\\u000b', b'\\0': b'\\u0000'}.get(piece, piece)


def json_text(value):
    if isinstance(value, float) and value in (float('inf'), float('-inf')):
        raise Unfit
    if isinstance(value, bytes):
        try:
            converted, end = binary_element(value, 0, len(value))
            if end == len(value):
                document(converted)
                return converted
        except Unfit:
            pass
    document(octets(value))
    return octets(value)


def json_document(value):
    characters = json_text(value)
    in_database(characters.decode('utf-8'))
    return characters


def for_jsonb(value):
    """Refuses what jsonb cannot keep; numbers and keys in one form."""
    if isinstance(value, Members):
        keys = [for_jsonb(k) for k, _ in value]
        if len(set(keys)) != len(keys):
            raise Unfit
        return {k: for_jsonb(v) for k, v in value}
    if isinstance(value, list):
        return [for_jsonb(v) for v in value]
    if isinstance(value, Decimal):
        return numeric(Text(str(value)))
    if isinstance(value, str):
        if '\0' in value:
            raise Unfit
        in_database(value)
    return value


def jsonb(value):
    return for_jsonb(document(json_text(value)))


def printed_moment(out):
    found = re.fullmatch(r'(\d{4,6})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(\+00)?)?', out)
    year, month, day, hour, minute, second = (int(x or 0) for x in found.groups()[:6])
    return day_number(year, month, day) * DAY + ((hour * 60 + minute) * 60 + second) * SECOND \
        + int((found[7] or '0').ljust(6, '0'))


def printed_time(out):
    hour, minute, second = out.split(':')
    return (int(hour) * 60 + int(minute)) * 60 * SECOND + int(Fraction(second) * SECOND)


def bits(number):
    return struct.pack('>d', number) if number == number else 'nan'


# type: what a value stands for (or Unfit), and what printed text stands for
TYPES = {
    'boolean': (boolean, lambda out: out == b't'),
    'smallint': (lambda v: whole(v, 16), int),
    'integer': (lambda v: whole(v, 32), int),
    'bigint': (lambda v: whole(v, 64), int),
    'double precision': (lambda v: bits(double(v)), lambda out: bits(float(out))),
    'numeric': (numeric, lambda out: 'NaN' if out == b'NaN' else Decimal(out.decode())),
    'text': (text, lambda out: out.decode('utf-8')),
    'bytea': (octets, lambda out: bytes.fromhex(out[2:].decode())),
    'date': (date, lambda out: printed_moment(out.decode())),
    'timestamp': (lambda v: moment(v, False), lambda out: printed_moment(out.decode())),
    'timestamptz': (lambda v: moment(v, True), lambda out: printed_moment(out.decode())),
    'time': (time, lambda out: printed_time(out.decode())),
    'uuid': (uuid, lambda out: out.decode().replace('-', '')),
    'json': (json_document, lambda out: out),
    'jsonb': (jsonb, lambda out: for_jsonb(document(out))),
}


def functions(name):
    found = re.fullmatch(r'(numeric|varchar)\((\d+)(?:,(\d+))?\)', name)
    if not found:
        return TYPES[name]
    first, second = int(found[2]), int(found[3] or 0)
    if found[1] == 'varchar':
        return (lambda v: text(v, first)), TYPES['text'][1]
    return (lambda v: numeric(v, first, second)), TYPES['numeric'][1]


def holds(name, value):
    try:
        functions(name)[0](value)
    except Unfit:
        return False
    return True


def is_same(name, value, out):
    meaning, printed = functions(name)
    return meaning(value) == printed(out)


def type_of(declared, column, alias=False):
    """The type that a column of these values must get."""
    if alias:
        return 'bigint'
    chain = CHAINS[declared]
    present = [v for v in column if v is not None]
    if chain is DYNAMIC:
        if not present or any(isinstance(v, Text) for v in present):
            chain = TEXT_CHAIN
        elif any(isinstance(v, bytes) for v in present):
            chain = ['bytea']
    for name in chain:
        if all(holds(name, v) for v in present):
            return name
    raise AssertionError('no type holds the column')
