# SPDX-License-Identifier: Apache-2.0
"""Runs a program on a terminal of our own and prints what stands on its screen, scrolled-off lines included.

usage: terminal.py COLUMNS ROWS [--resize SECONDS COLUMNS ROWS] [--interrupt TEXT] [--raw FILE] -- PROGRAM WORD...

The terminal knows what the program may use: printable characters, CR, LF, ESC[nA (up) and ESC[K (erase to the end of
the line). Anything else, or a character that would wrap, is an error: exit code 99. Otherwise the program's.
--interrupt sends SIGINT once TEXT has appeared."""
import argparse, codecs, fcntl, os, pty, re, select, signal, struct, sys, termios, time


class Screen:
    def __init__(self, columns):
        self.columns, self.lines, self.row, self.column, self.faults, self.left = columns, [[]], 0, 0, [], ""

    def feed(self, text):
        text = self.left + text
        self.left = re.search(r"(\x1b(\[[0-9;?]*)?)?$", text).group()  # a sequence that the read has cut
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|.", text[:len(text) - len(self.left)], re.S):
            if part == "\r":
                self.column = 0
            elif part == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append([])
            elif part == "\x1b[K":
                del self.lines[self.row][self.column:]
            elif re.fullmatch(r"\x1b\[\d+A", part):
                self.row -= int(part[2:-1])
                if self.row < 0:
                    self.faults.append("moved above the first line")
                    self.row = 0
            elif part < " ":
                self.faults.append(f"unexpected {part!r}")
            else:
                line = self.lines[self.row]
                line.extend(" " * (self.column + 1 - len(line)))
                line[self.column] = part
                self.column += 1
                if self.column > self.columns:
                    self.faults.append("a line wrapped")

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines)


def main():
    at = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("columns", type=int)
    parser.add_argument("rows", type=int)
    parser.add_argument("--resize", nargs=3, type=float)
    parser.add_argument("--interrupt")
    parser.add_argument("--raw")
    o, words = parser.parse_args(sys.argv[1:at]), sys.argv[at + 1:]
    child, terminal = pty.fork()
    if child == 0:
        time.sleep(0.2)  # until the size is set
        os.execvp(words[0], words)
    resize = lambda columns, rows: fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    resize(o.columns, o.rows)
    screen, raw, begin, narrower = Screen(o.columns), "", time.time(), None
    decoder = codecs.getincrementaldecoder("utf-8")()
    while True:
        if o.resize and time.time() - begin > o.resize[0]:
            resize(int(o.resize[1]), int(o.resize[2]))
            narrower, o.resize = (time.time() + 0.5, int(o.resize[1])), None
        # What was on its way when the size changed was written for the one before.
        if narrower and time.time() > narrower[0]:
            screen.columns, narrower = narrower[1], None
        if not select.select([terminal], [], [], 0.05)[0]:
            continue
        try:
            got = os.read(terminal, 65536)
        except OSError:
            break
        if not got:
            break
        text = decoder.decode(got)
        raw += text
        screen.feed(text)
        if o.interrupt and o.interrupt in raw:
            os.kill(child, signal.SIGINT)
            o.interrupt = None
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if o.raw:
        open(o.raw, "w", encoding="utf-8").write(raw)
    sys.stdout.buffer.write(screen.text().encode() + b"\n")
    for fault in sorted(set(screen.faults)):
        print("terminal:", fault, file=sys.stderr)
    sys.exit(99 if screen.faults else status)


main()
