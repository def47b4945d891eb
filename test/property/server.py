"""Talks to PostgreSQL through psql, so that no driver is needed."""

import os
import subprocess


class Failed(Exception):
    """psql ended with an error; the text is what it said."""


SETTINGS = """\\set QUIET 1
SET client_encoding = 'UTF8';
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET bytea_output = 'hex';
SET extra_float_digits = 1;
SET client_min_messages = warning;
"""


def run(sql):
    """Run a script; return what it prints, as bytes."""
    done = subprocess.run(['psql', '-qAtX', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=verbose', '-f', '-'],
                          input=(SETTINGS + sql).encode('utf-8', 'surrogatepass') if isinstance(sql, str)
                          else SETTINGS.encode() + sql,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr.decode('utf-8', 'replace'))
    return done.stdout


ESCAPES = {b'b': b'\b', b'f': b'\f', b'n': b'\n', b'r': b'\r', b't': b'\t', b'v': b'\v'}


def field(data):
    """One field of COPY's text format: bytes, or None for NULL."""
    if data == b'\\N':
        return None
    if b'\\' not in data:
        return data
    parts = data.split(b'\\')
    out = [parts[0]]
    i = 1
    while i < len(parts):
        if parts[i] == b'':                     # an escaped backslash
            out.append(b'\\' + (parts[i + 1] if i + 1 < len(parts) else b''))
            i += 2
            continue
        first = parts[i][:1]
        out.append(ESCAPES.get(first, first) + parts[i][1:])
        i += 1
    return b''.join(out)


def rows(output):
    """The rows of a COPY ... TO STDOUT."""
    return [[field(f) for f in line.split(b'\t')] for line in output.split(b'\n')[:-1]]


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def identifier(name):
    return '"' + name.replace('"', '""') + '"'
