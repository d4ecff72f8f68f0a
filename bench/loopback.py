"""What the benches share: a DNS for any name, a receiver that remembers, and a Courtesy of their own. All on loopback.

Python 3 standard library. Every process that is started here is stopped here, by its own process id.
"""

import asyncio
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.join(HOME, "target/release/courtesy")
LOCALHOST = "127.0.0.1"


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((LOCALHOST, 0))
        return probe.getsockname()[1]


def wait_until_listening(port, process):
    """Until `process` takes connections; an error where it has ended instead."""
    deadline = time.monotonic() + 30
    while True:
        with socket.socket(socket.AF_INET) as probe:
            if probe.connect_ex((LOCALHOST, port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"error: {process.args[0]} does not listen on port {port}")
        time.sleep(0.02)


class Dns:
    """Answers over UDP, in a thread: MX of any name is mx.<name>, A of any name is 127.0.0.1, all else is not there."""

    A, MX = 1, 15
    TTL = 3600

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((LOCALHOST, 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            question, client = self.socket.recvfrom(4096)
            try:
                self.socket.sendto(self._answer(question), client)
            except (IndexError, struct.error):
                pass  # not a question

    def _answer(self, packet):
        end = 12
        while packet[end]:
            end += 1 + packet[end]
        end += 1
        (kind,) = struct.unpack("!H", packet[end:end + 2])
        data = {self.A: socket.inet_aton(LOCALHOST), self.MX: b"\0\x0a\2mx\xc0\x0c"}.get(kind)
        # The question's own name stands at offset 12: 0xc00c points to it.
        answer = b"" if data is None else struct.pack("!HHHIH", 0xC00C, kind, 1, self.TTL, len(data)) + data
        # QR, RD as asked, RA; one question, no authority and no additional records.
        flags = 0x8080 | (struct.unpack("!H", packet[2:4])[0] & 0x0100)
        return packet[:2] + struct.pack("!HHHHH", flags, 1, int(bool(answer)), 0, 0) + packet[12:end + 4] + answer


class Sink:
    """An SMTP receiver that takes everything, in a thread. `mails` has (recipient, header, size) of each."""

    def __init__(self, port=0, keep_header=False):
        self.mails, self.keep_header, self.port = [], keep_header, port
        self.sources = []  # of each mail, in the same order
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait()

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._talk, LOCALHOST, self.port, limit=1 << 20))
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        server.close()
        talks = asyncio.all_tasks(self._loop)
        for talk in talks:
            talk.cancel()
        self._loop.run_until_complete(asyncio.gather(*talks, return_exceptions=True))

    def close(self):
        """Hangs up, and listens no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _talk(self, reader, writer):
        recipient = None
        try:
            writer.write(b"220 sink.example\r\n")
            while line := await reader.readline():
                word = line[:4].upper()
                if word == b"EHLO":
                    writer.write(b"250-sink.example\r\n250-PIPELINING\r\n250 8BITMIME\r\n")
                elif word == b"RCPT":
                    recipient = re.search(rb"<(.*?)>", line)[1].decode()
                    writer.write(b"250 2.1.5 Ok\r\n")
                elif word == b"DATA":
                    writer.write(b"354 Go ahead\r\n")
                    mail = await reader.readuntil(b"\r\n.\r\n")
                    header = mail.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
                    # Ours before the 250 is on its way: what the sender does not hear of still arrived.
                    self.sources.append(writer.get_extra_info("peername")[0])
                    self.mails.append((recipient, header if self.keep_header else message_id(header), len(mail)))
                    writer.write(b"250 2.0.0 Ok\r\n")
                elif word == b"QUIT":
                    writer.write(b"221 2.0.0 Bye\r\n")
                    break
                else:
                    writer.write(b"250 2.0.0 Ok\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # killed in the middle, or we hang up
        finally:
            writer.close()


def message_id(header):
    found = re.search(r"^Message-ID:\s*(\S+)", header, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else None


class Courtesy:
    """A server with a data folder of its own, that can be killed and started again."""

    def __init__(self, binary, folder, dns_port, smtp_port, **options):
        self.binary, self.folder, self.port = os.path.abspath(binary), folder, free_port()
        self.process, self.key = None, None
        self.settings = {
            "data": os.path.join(folder, "data"), "public_host": "courtesy.example",
            "shared.domain": "notices.example", "listen.http": f"{LOCALHOST}:{self.port}",
            "dns.resolver": f"{LOCALHOST}:{dns_port}", "smtp.port": smtp_port, "smtp.loopback": "true",
            "log.level": "warn", "brake.notices": 0, **options,
        }

    def start(self):
        environment = {**os.environ}
        for name, value in self.settings.items():
            environment["COURTESY_" + name.upper().replace(".", "_")] = str(value)
        log = open(os.path.join(self.folder, "courtesy.log"), "ab")
        self.process = subprocess.Popen([self.binary, "serve"], env=environment, cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://{LOCALHOST}:{self.port}/health", timeout=5).read()
                break
            except urllib.error.HTTPError:
                break  # it answers: that its queue is old is not our question
            except OSError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    tail = open(log.name, encoding="utf-8", errors="replace").read()[-2000:]
                    raise SystemExit(f"error: courtesy does not start:\n{tail}") from None
                time.sleep(0.01)
        if self.key is None:
            key_file = os.path.join(self.folder, "data/operator.key")
            while not os.path.exists(key_file):
                time.sleep(0.01)
            self.key = open(key_file, encoding="ascii").read().strip()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def call(self, method, path, body=None, kind="application/json", timeout=120):
        request = urllib.request.Request(f"http://{LOCALHOST}:{self.port}{path}", method=method, data=body, headers={
            "authorization": f"Bearer {self.key}", "content-type": kind})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.read()

    def add_libraries(self, codes, region="default"):
        rows = ["code,name_en,name_fr,languages,phone,region"]
        rows += [f"{code},Library {code},Bibliothèque {code},en;fr,+1 604 555 0100,{region}" for code in codes]
        self.call("POST", "/v1/libraries:import", "\n".join(rows).encode(), "text/csv")

    def events(self, events):
        """Hands in one batch; the events that were taken."""
        body = "\n".join(json.dumps(event) for event in events).encode()
        lines = self.call("POST", "/v1/events:batch", body, "application/x-ndjson").decode().splitlines()
        taken = [event for event, line in zip(events, lines) if json.loads(line)["status"] == 202]
        if len(taken) < len(events):
            refused = next(line for line in lines if json.loads(line)["status"] != 202)
            raise SystemExit(f"error: an event was refused: {refused}")
        return taken

    def memory(self):
        """(now, peak) resident memory in MiB."""
        status = open(f"/proc/{self.process.pid}/status", encoding="ascii").read()
        kib = lambda name: int(re.search(rf"^{name}:\s*(\d+)", status, re.MULTILINE)[1])
        return kib("VmRSS") / 1024, kib("VmHWM") / 1024

    def cpu_seconds(self):
        fields = open(f"/proc/{self.process.pid}/stat", encoding="ascii").read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def event(number, library, domain):
    """A loan has arrived for a patron: what a library system tells most often."""
    return {
        "library": library, "request": f"R-{number}", "status": "ready_for_pickup",
        "patron": {"ref": f"P{number}", "email": f"p{number}@{domain}", "first_name": "Amira", "surname": "Osei",
                   "language": "fr" if number % 4 == 0 else "en"},
        "fields": {"title": "A history of reading in the north", "author": "K. Lindqvist",
                   "pickup_location": "Main desk", "pickup_by": "2031-06-30"},
    }


def surroundings():
    """What the machine was doing, in a sentence."""
    return f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}"
