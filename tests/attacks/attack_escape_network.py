"""Programs that reach for the network, in the widest sense: anything that carries bytes to another process."""

from __future__ import annotations

from attack_programs import parse_blocks

NETWORK = parse_blocks(r"""
# -- any_family: makes a socket of any family and kind
def attempt():
    return any(syscall("socket", family, kind, 0) >= 0 for family in range(46) for kind in (1, 2, 3, 5))

# -- tcp: connects to a service of this machine, by IPv4 and IPv6
import socket
def attempt():
    for host in ("127.0.0.1", "::1", "localhost"):
        try: socket.create_connection((host, @TCP@), 1).send(b"loot")
        except OSError: continue
        return True

# -- udp: sends a datagram to a service of this machine
import socket
def attempt():
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try: socket.socket(family, socket.SOCK_DGRAM).sendto(b"loot", (host, @UDP@))
        except OSError: continue
        return True

# -- listens: listens for a partner outside
import socket
def attempt():
    socket.create_server(("127.0.0.1", 0))
    return True

# -- names: resolves a name, by whatever service the machine has
import socket
def attempt(): return bool(socket.getaddrinfo("example.com", 80))

# -- unix_path: connects to a service by its path
import socket
def attempt():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try: socket.socket(socket.AF_UNIX, kind).connect("@CANARY@/open/stream")
        except OSError: continue
        return True

# -- unix_abstract: connects to a service by its abstract name
import socket
def attempt():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try: socket.socket(socket.AF_UNIX, kind).connect("\0@ABSTRACT@")
        except OSError: continue
        return True

# -- pair_sends_to_path: sends from one end of a socket pair to a service's path
import socket
def attempt():
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return one.sendto(b"loot", "@CANARY@/open/datagram") > 0

# -- pair_sends_to_name: sends from one end of a socket pair to an abstract name
import socket
def attempt():
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return one.sendto(b"loot", "\0@ABSTRACT@-datagram") > 0

# -- pair_message_to_name: the same with sendmsg, whose address no filter sees
import socket
def attempt():
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    for address in ("\0@ABSTRACT@-datagram", "@CANARY@/open/datagram"):
        try: one.sendmsg([b"loot"], [], 0, address)
        except OSError: continue
        return True

# -- pair_reconnected: connects or binds one end of a socket pair elsewhere
import socket
def attempt():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try: one, _ = socket.socketpair(socket.AF_UNIX, kind)
        except OSError: continue
        for call in (lambda: one.connect("\0@ABSTRACT@-datagram"), lambda: one.connect("@CANARY@/open/datagram"),
                     lambda: one.bind("\0reasonenv-attack-bound"), lambda: one.connect("\0@ABSTRACT@")):
            try: call()
            except OSError: continue
            return True

# -- pair_listens: turns one end of a socket pair into a service
import socket
def attempt():
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    one.bind("/tmp/reasonenv-attack-service")
    return True

# -- other_pairs: socket pairs of other families
import socket
def attempt():
    for family in (socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_TIPC", 30), 16, 38, 40):
        try: socket.socketpair(family)
        except OSError: continue
        return True

# -- inherited_sockets: speaks over whatever socket it was born with
import os, socket
def attempt():
    for fd in range(3, 1024):
        try: peer = socket.socket(fileno=os.dup(fd)).getpeername()
        except OSError: continue
        if peer: return True

# -- interfaces: lists or configures network interfaces
import fcntl, socket, struct
def attempt():
    return len(socket.if_nameindex()) > 1 or bool(open("/proc/net/tcp").read())

# -- virtual_machine_socket: talks to the host of a virtual machine
import socket
def attempt():
    socket.socket(40, socket.SOCK_STREAM)
    return True

# -- netlink: asks the kernel over netlink
import socket
def attempt():
    for protocol in range(32):
        try: socket.socket(16, socket.SOCK_RAW, protocol)
        except OSError: continue
        return True
""")
