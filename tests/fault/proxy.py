"""A TCP proxy in front of a broker: the network that can be cut or slow."""
import socket
import threading
import time


class Proxy:
    """Listens on a free port of 127.0.0.1 and passes bytes on. `target` answers the port to connect to."""

    def __init__(self, target):
        self.target = target
        self.cut = False
        self.delay_seconds = 0.0  # for each piece of at most `piece` bytes, in each direction
        self.piece = 1 << 16
        self.pairs = set()
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.cut:
                client.close()
                continue
            try:
                broker = socket.create_connection(("127.0.0.1", self.target()), timeout=5)
            except OSError:
                client.close()
                continue
            broker.settimeout(None)
            for side in (client, broker):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.pairs.add((client, broker))
            threading.Thread(target=self.pump, args=(client, broker), daemon=True).start()
            threading.Thread(target=self.pump, args=(broker, client), daemon=True).start()

    def pump(self, source, sink):
        try:
            while True:
                data = source.recv(self.piece)
                if not data:
                    break
                if self.delay_seconds:
                    time.sleep(self.delay_seconds)
                sink.sendall(data)
        except OSError:
            pass
        self.close(source, sink)
        with self.lock:  # a storm makes more connections than a process may have open
            self.pairs.discard((source, sink))
            self.pairs.discard((sink, source))

    @staticmethod
    def close(*sides):
        for side in sides:
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def cut_now(self):
        """Breaks every connection, in the middle of whatever it carries, and takes no new one."""
        self.cut = True
        with self.lock:
            pairs, self.pairs = self.pairs, set()
        for pair in pairs:
            self.close(*pair)

    def mend(self):
        self.cut = False

    def end(self):
        self.cut_now()
        self.listener.close()
