"""One process of the real evening: the door, Ann, Mia or Ben. Started by `dslab.sauna.real.evening`; not to be imported.

It opens a UDP port on this machine, prints it, reads everybody's ports from its input, plays its part, and prints its log:
one JSON object a line, with the messages sent and received, the vector clock it carried, and what its wall clock showed.
"""

import json
import socket
import sys
import time

SESSION_S = {"ann": 0.04, "ben": 0.12}  # Ann's is over well before Ben's
WALL_ERROR_S = {"mia": -2.0}  # her clock is two seconds behind
ORDER = ("ann", "mia", "ben")  # in which the door lets them in
PATIENCE_S = 20.0


class Process:
    """A name, a socket, a vector clock and a log."""

    def __init__(self, name: str) -> None:
        self.name, self.clock, self.log, self.sent = name, {}, [], 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE_S)
        print(self.socket.getsockname()[1], flush=True)
        self.ports = json.loads(sys.stdin.readline())

    def note(self, text: str, **ids: str) -> None:
        """Count one event and write it down."""
        self.clock[self.name] = self.clock.get(self.name, 0) + 1
        wall = time.time() + WALL_ERROR_S.get(self.name, 0.0)
        line = {"host": self.name, "event": text, "clock": dict(self.clock), "time_us": round(wall * 1e6)}
        self.log.append(line | ids)

    def send(self, to: str, kind: str, **more: object) -> None:
        """Send a message with the clock, and note it."""
        self.sent += 1
        id = f"{self.name}-{self.sent}"
        self.note(f"{kind} to {to}", send=id)
        message = {"id": id, "from": self.name, "kind": kind, "clock": self.clock} | more
        self.socket.sendto(json.dumps(message).encode(), ("127.0.0.1", self.ports[to]))

    def receive(self) -> dict:
        """Wait for a message, merge its clock, note it."""
        message = json.loads(self.socket.recv(65_536))
        for host, count in message["clock"].items():
            self.clock[host] = max(self.clock.get(host, 0), count)
        self.note(f"{message['kind']} from {message['from']}", receive=message["id"])
        return message


def door(process: Process) -> None:
    """Let everybody in, in order, and out; tell Mia of each."""
    asked, inside, entered, left = set(), [], 0, 0
    while left < len(ORDER):
        message = process.receive()
        who = message["from"]
        if message["kind"] == "exit":
            inside.remove(who)
            left += 1
            process.note(f"{who} goes out")
            process.send(who, "out")
            if who != "mia":
                process.send("mia", "left", who=who)
            continue
        asked.add(who)
        while entered < len(ORDER) and ORDER[entered] in asked:
            who = ORDER[entered]
            entered += 1
            process.note(f"{who} comes in")
            process.send(who, "in")
            if who != "mia":
                process.send("mia", "entered", who=who, found=list(inside))
            inside.append(who)


def clocked(process: Process) -> None:
    """Come, stay for one session by one's own watch, leave."""
    process.send("door", "enter")
    process.receive()
    time.sleep(SESSION_S[process.name])
    process.send("door", "exit")
    process.receive()


def follower(process: Process) -> None:
    """Come, take for the anchor the first whose entry had Mia inside, leave when it leaves."""
    process.send("door", "enter")
    anchor, gone = None, False
    while True:
        message = process.receive()
        if message["kind"] == "out":
            return
        if message["kind"] == "entered" and anchor is None and process.name in message["found"]:
            anchor = message["who"]
        if message["kind"] == "left" and message["who"] == anchor and not gone:
            gone = True
            process.send("door", "exit")


if __name__ == "__main__":
    played = Process(sys.argv[1])
    {"door": door, "mia": follower}.get(played.name, clocked)(played)
    for line in played.log:
        print(json.dumps(line))
