"""Values that are likely to be handled wrongly, and declared types for them.

Everything comes from one random.Random, so that a seed is a test case.  A value
is what Python's sqlite3 takes: None, int, float, bytes (a BLOB), or Text, a
TEXT that need not be valid in any encoding.
"""

import json
import struct


class Text:
    """The bytes of a TEXT value."""

    def __init__(self, data):
        self.data = data.encode('utf-8', 'surrogatepass') if isinstance(data, str) else data

    def __repr__(self):
        return 'Text(%r)' % self.data


INTEGERS = [0, 1, -1, 2, 9, 10, 255, 256, 32767, 32768, -32768, -32769,
            2147483647, 2147483648, -2147483648, -2147483649,
            2**53, 2**53 + 1, -2**53 - 1, 2**60, 2**62, 2**63 - 1, -2**63,
            10**9, 10**15, 10**18, 20240131, 20240131235959, 123456789012345678,
            99999999, 100000000, 9999999999, 10000000000, 99999999999,
            100000000000, 1700000000, 1700000000123, 1700000000123456,
            -1700000000, -86400, 253402300799, 16777216, 16777217]

REALS = [0.0, -0.0, 1.0, -1.0, 0.5, 0.1, -0.1, 0.2, 0.3, 0.1 + 0.2, 1 / 3, 1.1,
         2.5, 3.5, -2.5, 19.99, 1.005, 1.15, 99.995, 1e15, 1e16, 1e17, 123456.789,
         2.0**53, 2.0**53 + 2, 2.0**60, 2.0**62, 2.0**63, -2.0**63, 1e22, 1e23, 5e22,
         1.7976931348623157e308, 2.2250738585072014e-308, 5e-324, 1e-300, 3.4e38,
         3.5e38, 1e-45, 1e-46, 16777217.0, 0.30000000000000004, 1.1500000000000001,
         float('inf'), float('-inf'), 2460000.5, 2451545.0, 1721425.5, 5373484.5,
         1721425.4999999998, 5373484.499999999, 2460310.123456789,
         1700000000.5, 1700000000.123456, 1700000000.1234567, -1700000000.25,
         1700000000123.5, 1e8, 99999999.5, 9999999999.999999]

NUMBER_TEXTS = [
    '0', '-0', '00', '+0', '1', '-1', '+1', '01', ' 1', '1 ', '1\n', '\t1', '1.0', '1.', '.5',
    '.', '-', '+', '', ' ', '1e3', '1E3', '1e+3', '1e-3', '1e', '1e+', 'e1', '1.5e2', '-.5e-1',
    '0x10', '1_000', '1,5', '1 000', '--1', '+-1', '0.1', '0.10', '0.30000000000000004',
    '5e22', '1e22', '1e23', '4611686018427387904', '9007199254740993', '9007199254740992',
    '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809',
    '18446744073709551616', '123456789012345678', '123456789012345680', '1234567890123456789',
    '1e308', '1.7976931348623157e308', '1.7976931348623159e308', '1e309', '5e-324', '2e-324',
    '4.9406564584124654e-324', '1e-400', '1e400', '1e99999999999', '0e99999999999', '1e-99999999999',
    'NaN', 'nan', 'Inf', '-inf', '+inf', 'Infinity', '-INFINITY', 'infin', 'NULL', 'null',
    '0.1000000000000000055511151231257827021181583404541015625', '1.5', '1.25', '16777217',
    '16777216', '1e10', '1e11', '3.4028235e38', '3.4028236e38', '1e39', '1.17549435e-38', '1e-45',
    '0.5000000000000000000000000', '2.50', '12345.678', '99999.995', '0.005', '-0.005', '1.005',
    '100000000000000000000000000000000', '9' * 40, '1' + '0' * 40, '0.' + '0' * 30 + '1',
    '\uff11', '\u0661', '1\u00a0', '\u00a01']

WORDS = ['t', 'f', 'T', 'F', 'true', 'false', 'TRUE', 'False', 'yes', 'no', 'YES', 'y', 'n', 'on',
         'off', 'tru', 'truee', 'abc', 'ABC', 'a', 'A', 'red', 'Red', 'green', 'GREEN', 'blue', 'x y',
         'ok', 'bad', '\\', '\\N', "'", '"', '\t', '\n', 'a\tb', 'a\\tb', '\r\n', 'ab   ', '   ',
         'caf\u00e9', '\u20ac', '\U0001f600', 'e\u0301', '\u200b', '\ufeff', '\u00ff', '\uffff',
         '\u0000', 'a\u0000b', 'long ' * 30, 'x' * 63, 'x' * 64, '\u00e9' * 32, 'x' * 300]

BROKEN = [b'\xff', b'\xc3', b'a\xc3\x28b', b'\xed\xa0\x80', b'\xf5\x80\x80\x80', b'\xc0\x80',
          b'\xe2\x82', b'ok\xfe', b'\x80', b'\xf0\x9f\x98']

TIME_TEXTS = [
    '2024-02-29', '2023-02-29', '2024-02-30', '2024-13-01', '2024-00-10', '2024-1-5', '24-01-05',
    '0001-01-01', '0000-01-01', '9999-12-31', '10000-01-01', '+10000-01-01', '+2024-01-01',
    '294276-12-31', '294277-01-01', '-0001-01-01', '1582-10-10', '1900-02-29', '2000-02-29',
    '2024-01-31 12:34', '2024-01-31 12:34:56', '2024-01-31T12:34:56', '2024-01-31t12:34:56',
    '2024-01-31 12:34:56.7', '2024-01-31 12:34:56,789', '2024-01-31 12:34:56.123456',
    '2024-01-31 12:34:56.1234567', '2024-01-31 12:34:56.1234560', '2024-01-31 12:34:56.9999999',
    '2024-01-31 23:59:60', '2024-01-31 24:00', '2024-01-31 24:00:00', '2024-01-31 24:00:01',
    '2024-01-31 25:00', '2024-01-31 12:60', '2024-01-31 12', '2024-01-31 ', ' 2024-01-31',
    '2024-01-31 00:00', '2024-01-31 00:00:00.000', '2024-01-31 00:00:00Z', '2024-01-31T00:00:00+00:00',
    '2024-01-31Z', '2024-01-31 12:34Z', '2024-01-31 12:34z', '2024-01-31 12:34 Z',
    '2024-01-31 12:34 UTC', '2024-01-31 12:34 GMT', '2024-01-31 12:34 utc', '2024-01-31 12:34 CET',
    '2024-01-31 12:34+01', '2024-01-31 12:34+0130', '2024-01-31 12:34+01:30', '2024-01-31 12:34-11:00',
    '2024-01-31 12:34+15:59', '2024-01-31 12:34+16:00', '2024-01-31 12:34 +01:00', '2024-01-31 12:34  +01',
    '2024-01-31 12:34:56.5+05:45', '2024-01-31  12:34', '2024-01-31_12:34', '2024/01/31', '31.01.2024',
    '01/31/2024', '20240131', '20240131T123456', 'Jan 31 2024', 'now', 'today', 'infinity', '-infinity',
    'epoch', '12:34', '12:34:56', '12:34:56.789', '12:34:56.1234567', '24:00', '23:59:60', '12:34Z',
    '12:34+02', '1:23', '12:34:5', '00:00', '23:59:59.9999999', '12:34 PM', '2024-W05-3', '2024-031',
    # clocks that are put forward and back
    '2024-03-10 02:30:00', '2024-11-03 01:30:00', '2024-03-31 02:30:00', '2024-10-27 02:30:00',
    '2014-10-26 01:30:00', '2011-12-30 12:00:00', '2011-12-29 23:59:59', '2011-12-31 00:00:00',
    '1883-11-18 12:00:00', '1916-05-21 02:30:00', '2024-10-27 01:59:59.999999', '1900-01-01 00:00:00',
    '1847-12-01 00:00:30', '2037-06-01 00:00', '2500-07-01 00:00', '2024-11-03 02:00:00']

JSON_TEXTS = [
    '{}', '[]', 'null', 'true', '1', '-0', '1.50', '1e2', '"a"', '""', '{"a":1}', '{"b":1,"a":2}',
    '{"a":1,"a":2}', '{"a":{"b":[1,2,{"c":null}]}}', '[1,2,3]', '[1, 2 ,3]', ' {"a" : 1} ', '{"a":1',
    "{'a':1}", '{a:1}', '[1,]', '[,1]', '[1 2]', '{"a":}', '"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"',
    '"\\u00e9"', '"\u00e9"', '"\\n"', '"\n"', '"\\x"', '"\\/"', '"\\u12"', '01', '1.', '.5', '+1', 'NaN',
    '1e400', '1e-20000', '1e200000', '123456789012345678901234567890', '0.1000', '[0.10, 1e1]', 'nul',
    '', ' ', '[[[[[[]]]]]]', '{"":""}', '{"a b":"c\\"d"}', '[true,false,null]', '"a', 'a"', '[]x', '[][]',
    '{"k":"' + 'v' * 200 + '"}', '[' * 300 + ']' * 300, '[' * 2000 + ']' * 2000, '[' * 2001 + ']' * 2001,
    '{"a":' * 1999 + '[]' + '}' * 1999, '[1,"2",null,true]', '["a,b","c\\"d"]']

ARRAY_TEXTS = [
    '{}', '{1,2,3}', '{1, 2 , 3}', '{"1","2"}', '{NULL,1}', '{null}', '{"NULL"}', '{{1,2},{3,4}}',
    '{{1,2},{3}}', '{{}}', '{{},{}}', '{1,}', '{,1}', '{1', '1,2', '{a b,c}', '{"a\\"b"}', '{a\\,b}',
    '[0:1]={1,2}', '[1+1][2:3]={{1,2}}', '[1:1][2:3]={{1,2}}', '[2]={1,2}', '[2:1]={}', '[1:2]={1}',
    ' {1} ', '{ }', '{1.5}', '{1,a}', '{"a" b}', '{a"b"}', '{\u00e9,\u20ac}', '{1}{2}', '[-1:1]={1,2,3}',
    '[+1:+2]={1,2}', '[99999999999]={1}', '{+1}', '{01}', '{ 1}', '{"",x}', '{""}', '{1e3}', '{{{1}}}',
    '[1,2,3]', '[]', '["a","b"]', '[1,[2]]', '[null]', '[1.0,2]', '[ 1 ]', '["1"]', '[true]', '[1,2',
    '[1:2]', '{\\1}', '{"a\\\\b"}', '{\t1\n}', '[1]={1} ', '[ 1]={1}', '[1 ]={1}', '[1] = {1}']

OTHER_TEXTS = [
    '(1,2)', '(1,2),(3,4)', '1,2', '10.1.2.3', '10.1/16', '10.1.2.3/16', '::1', '2001:db8::/32', '08:00:2b:01:02:03',
    '08002b010203', '1 day', '1.5 seconds', '1.23456789 seconds', 'P1D', '1 mon -3 days', '@ 1 hour ago',
    '101', '1012', '11111', 'B101', '$1.50', '-$2.00', '(3)', '1,234.56', '1.239', '0/16B3748', 'FFFFFFFF/0',
    '[1,5)', '[1,5]', 'empty', '(,)', 'a & b', 'fat cat', "'a':1 b:2", '$.a', 'integer', 'pg_class', 'nosuch',
    '12abc', '0x1F', '010', '4294967295', '4294967296', '-9', '12:34:56+02', '12:34:56.7+05:30', '<a/>', '<a>',
    '(0,1)', '1 2 3', 'a=>1', '[now,)', '[2024-01-01, Tomorrow]', '(2024-01-01,2024-02-01)', 'TODAY', 'yesterday',
    '(1,abc)', '(1,abcd)', '(,)', '(1,"a b")', '(12,)', '{red,green}', '{red,Blue}', '["red"]', '{1,0}', '{a,b,c,d}',
    '[2024-01-01 12:00,infinity)', '{[2024-01-01,2024-01-02),[2024-03-01,today)}', 'Known', 'nowhere']

UUID_TEXTS = [
    '12345678-9abc-def0-1234-56789abcdef0', '12345678-9ABC-DEF0-1234-56789ABCDEF0',
    '123456789abcdef0123456789abcdef0', '{12345678-9abc-def0-1234-56789abcdef0}',
    '{123456789abcdef0123456789abcdef0}', '1234-56789abc-def0-1234-56789abcdef0',
    '12345678-9abc-def0-1234-56789abcdef', '12345678-9abc-def0-1234-56789abcdeg0', '{}', '{',
    '{12345678-9abc-def0-1234-56789abcdef0', '1234567-89abc-def0-1234-56789abcdef0']


def jsonb_header(kind, size, rng):
    """A header of SQLite's binary JSON, not always the shortest one."""
    if size < 12 and rng.random() < 0.8:
        return bytes([size << 4 | kind])
    if size < 256 and rng.random() < 0.7:
        return bytes([12 << 4 | kind, size])
    return bytes([13 << 4 | kind]) + struct.pack('>H', size)


def jsonb_blob(rng, depth=0):
    """A document in SQLite's binary JSON, now and then a broken one."""
    kind = rng.randrange(13) if depth < 4 else rng.randrange(11)
    if rng.random() < 0.01:
        return jsonb_header(rng.randrange(16), rng.randrange(5), rng)
    payloads = {
        3: [b'0', b'-7', b'123', b'12345678901234567890', b'', b'01', b'+1'],
        4: [b'0x10', b'-0xFf', b'+0xA', b'0x' + b'f' * 16, b'0x1' + b'0' * 16, b'0x', b'0xg',
            b'0x000000000000000000001', b'-0x' + b'9' * 20],
        5: [b'1.5', b'-0.0', b'1e5', b'1E-5', b'2.50', b'1.', b'.5', b'1e400', b'1-2'],
        6: [b'.5', b'5.', b'+5', b'-.5', b'+.5e1', b'5.e3', b'1.5', b'.', b'+-5', b'--5', b'5', b'Infinity'],
        7: [b'', b'abc', b'caf\xc3\xa9', b'a b', b'a"b', b'a\\b', b'a\nb', b'\xff'],
        8: [b'', b'a\\nb', b'\\u00e9', b'\\"', b'\\\\', b'\\', b'a"', b'\\ud83d\\ude00', b'\\u0000', b'\\x',
            b"\\'", b'\\\n'],
        9: [b'', b"\\'", b'\\v', b'\\0', b'\\x41', b'\\xg1', b'\\\n', b'\\\r\nx', b'\\\xe2\x80\xa8y', b'a"b',
            b'\n', b'\\', b'\\x4', b'\\u00e9', b'\\n', b'\\\xe2\x80', b'\\q', b'\\x1"', b'\\01'],
        10: [b'', b'a"b', b'a\\b', b'a\nb', b'\x01\x1f\x7f', b'\b\f\r\t', b'\x00', b'caf\xc3\xa9', b'\xc3'],
    }
    if kind < 3:
        return jsonb_header(kind, 0, rng)
    if kind < 11:
        payload = rng.choice(payloads[kind])
        return jsonb_header(kind, len(payload), rng) + payload
    parts = b''
    for _ in range(rng.randrange(4)):
        if kind == 12:
            key = rng.choice([b'a', b'b', b'key', b'\xc3\xa9', b''])
            key_kind = rng.choice([7, 8, 9, 10]) if rng.random() < 0.97 else 3
            parts += jsonb_header(key_kind, len(key), rng) + key
        parts += jsonb_blob(rng, depth + 1)
    return jsonb_header(kind, len(parts), rng) + parts


def random_json(rng, depth=0):
    kind = rng.randrange(8 if depth < 3 else 5)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice([0, 1, -5, 10**20, 123])
    if kind == 2:
        return rng.choice([0.5, 1e100, -2.25, 1e-7])
    if kind in (3, 4):
        return rng.choice(['', 'a', 'caf\u00e9', 'q"q', '\\', 'line\nfeed', '\U0001f600'])
    if kind in (5, 6):
        return {rng.choice('abcdefgh') + str(i): random_json(rng, depth + 1) for i in range(rng.randrange(4))}
    return [random_json(rng, depth + 1) for _ in range(rng.randrange(4))]


def integer(rng):
    way = rng.randrange(4)
    if way == 0:
        return rng.choice(INTEGERS)
    if way == 1:
        return rng.randint(-20, 100)
    if way == 2:
        return max(-2**63, min(2**63 - 1, rng.choice([-1, 1]) * (1 << rng.randrange(64)) + rng.randint(-2, 2)))
    return rng.randint(-2**63, 2**63 - 1) >> rng.randrange(63)


def real(rng):
    way = rng.randrange(7)
    if way == 0:
        return rng.choice(REALS)
    if way == 1:
        return rng.randint(-10**6, 10**6) / 100
    if way == 6:                                # such as 0.1 + 0.2
        return sum(rng.randint(-999, 999) / 100 for _ in range(rng.randint(2, 5)))
    if way == 2:
        return round(rng.uniform(-1e4, 1e4), rng.randrange(12))
    if way == 3:
        return float(rng.randint(-10**9, 10**9)) * rng.choice([1.0, 0.1, 1e-6, 1e9])
    if way == 4:
        return struct.unpack('>f', struct.pack('>I', rng.getrandbits(32)))[0]
    return struct.unpack('>d', struct.pack('>Q', rng.getrandbits(64)))[0]


def number_text(rng):
    way = rng.randrange(6)
    if way < 3:
        return rng.choice(NUMBER_TEXTS)
    if way == 3:
        return str(integer(rng))
    if way == 4:
        return repr(real(rng))
    digits = ''.join(rng.choice('0123456789') for _ in range(rng.randrange(1, 25)))
    text = rng.choice(['', '-', '+', '', '']) + digits
    if rng.random() < 0.6:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + '.' + text[at:]
    if rng.random() < 0.3:
        text += rng.choice(['e', 'E']) + rng.choice(['', '-', '+']) + str(rng.randrange(40))
    return text


def time_text(rng):
    if rng.random() < 0.5:
        return rng.choice(TIME_TEXTS)
    text = '%04d-%02d-%02d' % (rng.choice([rng.randint(1, 9999), rng.randint(1880, 2040), 2024]),
                               rng.randint(1, 12), rng.randint(1, rng.choice([28, 31])))
    if rng.random() < 0.2:
        return text
    text += rng.choice(' T') + '%02d:%02d' % (rng.randint(0, 23), rng.randint(0, 59))
    if rng.random() < 0.7:
        text += ':%02d' % rng.randint(0, 59)
        if rng.random() < 0.5:
            text += '.' + ''.join(rng.choice('0123456789') for _ in range(rng.randint(1, 8)))
    if rng.random() < 0.3:
        text += rng.choice(['Z', '+01', '-05:30', '+0900', ' UTC', '+00:00'])
    if rng.random() < 0.1:
        text = text[11:] or text
    return text


def uuid_text(rng):
    if rng.random() < 0.4:
        return rng.choice(UUID_TEXTS)
    text = '%032x' % rng.getrandbits(128)
    if rng.random() < 0.7:
        text = '-'.join([text[:8], text[8:12], text[12:16], text[16:20], text[20:]])
    return rng.choice([text, text, text.upper(), '{%s}' % text])


def json_text(rng):
    if rng.random() < 0.5:
        return rng.choice(JSON_TEXTS)
    return json.dumps(random_json(rng), ensure_ascii=rng.random() < 0.5)


def plain_text(rng):
    way = rng.randrange(4)
    if way < 2:
        return rng.choice(WORDS)
    return ''.join(chr(rng.choice([rng.randint(32, 126), rng.randint(32, 126), rng.randint(160, 0x17f),
                                   rng.randint(0x4e00, 0x4f00), rng.randint(1, 31)]))
                   for _ in range(rng.randrange(20)))


def broken_text(rng):
    return rng.choice(BROKEN) + rng.choice([b'', b'abc', b'\xc3\xa9'])


def blob(rng):
    way = rng.randrange(5)
    if way == 0:
        return rng.randbytes(16)
    if way == 1:
        return jsonb_blob(rng)
    if way == 2:
        return rng.choice(WORDS + JSON_TEXTS + NUMBER_TEXTS + UUID_TEXTS).encode('utf-8')
    if way == 3:
        return broken_text(rng)
    return rng.randbytes(rng.randrange(40))


def large_text(rng):
    """Longer than a page, a TOAST chunk, or what the verifier keeps as it is."""
    size = rng.choice([3000, 9000, 270000, 600000])
    part = rng.choice(['x', 'caf\u00e9 ', '1', ' ', 'ab\n', '0123456789'])
    text = part * (size // len(part))
    way = rng.randrange(6)
    if way == 0:
        return json.dumps({'key': text, 'b': [text[:9]] * 9})
    if way == 1:
        return json.dumps([rng.choice([1, 0.5, 'a', None])] * (size // 10))
    if way == 2:
        return '{%s}' % ','.join(['7'] * (size // 2))
    if way == 3:
        return '-' + '12345' * 400 + '.' + '678' * 400
    return text


def pick(rng, kinds, texts):
    """One value: an integer, real, text, blob or NULL, as likely as "kinds" say."""
    kind = rng.choices('irtbn', kinds)[0]
    if kind == 'i':
        return integer(rng)
    if kind == 'r':
        return real(rng)
    if kind in 'tb' and rng.random() < 0.001:
        text = large_text(rng)
        return Text(text) if kind == 't' else text.encode('utf-8')
    if kind == 'b':
        return blob(rng)
    if kind == 'n':
        return None
    if rng.random() < 0.02:
        return Text(broken_text(rng))
    return Text(rng.choice(texts)(rng))


def array_text(rng):
    if rng.random() < 0.6:
        return rng.choice(ARRAY_TEXTS)
    if rng.random() < 0.1:
        return rng.choice(OTHER_TEXTS)
    parts = [rng.choice([number_text, plain_text])(rng) if rng.random() < 0.5 else str(rng.randint(-9, 99))
             for _ in range(rng.randrange(5))]
    if rng.random() < 0.4:
        return json.dumps([rng.choice([p, 1, None]) for p in parts])
    return '{' + ','.join(p if rng.random() < 0.5 else '"%s"' % p.replace('\\', '\\\\').replace('"', '\\"')
                          for p in parts) + '}'


def other_text(rng):
    return rng.choice(OTHER_TEXTS)


ALL_TEXTS = [number_text, time_text, uuid_text, json_text, plain_text, array_text, other_text]
