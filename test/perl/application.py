"""
An application that writes all the time: each transaction moves something from
table a to table b and writes that down in table moved. It waits for others no
longer than a second. When the file "stop" is there it ends, and tells in the
file "result": transactions, errors, seconds of the longest, the first errors.

    application.py DATABASE MODE STOP RESULT SEED ROWS
"""
import os, random, sqlite3, sys, time

path, mode, stop, result, seed, rows = sys.argv[1:]
rows = int(rows)
random.seed(int(seed))
db = sqlite3.connect(path, timeout=1, isolation_level=None)
if mode == 'wal':
    db.execute('PRAGMA wal_autocheckpoint = 50')
db.execute('PRAGMA synchronous = off')
count, errors, longest = 0, [], 0
while not os.path.exists(stop):
    n = random.randint(1, 9)
    begin = time.time()
    try:
        db.execute('BEGIN IMMEDIATE')
        for _ in range(random.choice((1, 20))):
            db.execute('UPDATE a SET v = v - ? WHERE id = ?', (n, random.randint(1, rows)))
            db.execute('UPDATE b SET v = v + ? WHERE id = ?', (n, random.randint(1, rows)))
            db.execute('INSERT INTO moved (n) VALUES (?)', (n,))
        db.execute('COMMIT')
        count += 1
    except sqlite3.Error as error:
        errors.append(repr(error))
        if db.in_transaction:
            db.execute('ROLLBACK')
    longest = max(longest, time.time() - begin)
    time.sleep(random.choice((0, 0.001, 0.01, 0.05)))
db.close()
with open(result + '.part', 'w') as out:
    out.write('%d %d %.3f %s\n' % (count, len(errors), longest, ' '.join(errors[:3])))
os.rename(result + '.part', result)
