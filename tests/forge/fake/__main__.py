"""A forge for tests: GitHub, GitLab, Gitea or Forgejo, with real git behind it.

Usage: python3 tests/forge/fake KIND FOLDER [NOW]

KIND is github, gitlab, gitea or forgejo. Everything is below FOLDER: git/ has
the bare repositories, traffic.jsonl a line for each request and its answer. When
it is ready the file FOLDER/ports says 'forge=PORT', 'control=PORT', 'canary=PORT'
(all on 127.0.0.1). NOW, in seconds since 1970, begins its clock. It ends
with the process that started it.
"""
import importlib
import os
import signal
import sys
import time

import control
import serve
import state


def main():
    kind, folder = sys.argv[1], os.path.abspath(sys.argv[2])
    start = float(sys.argv[3]) if len(sys.argv) > 3 else time.time()
    parent = os.getppid()
    os.makedirs(folder + "/git", exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    forge = importlib.import_module("gitea" if kind == "forgejo" else kind)
    server = serve.Server(state.World(kind, folder, start), forge, folder)
    ctl = control.Control(server)
    canary = serve.listen(serve.canary(server), ctl.failed)
    server.faults.canary_url = "http://localhost:%d" % canary
    port = serve.listen(serve.handler(server), ctl.failed)
    serve.write_port(folder, forge=port, control=serve.listen(control.handler(ctl), ctl.failed), canary=canary)
    while os.getppid() == parent:
        time.sleep(1)


if __name__ == "__main__":
    main()
