"""A forge for tests: GitHub, GitLab, Gitea or Forgejo, with real git behind it.

Usage: python3 tests/forge/fake FOLDER [NOW]

The control port says which of the four it is, again and again ('begin'), and
brings back how it was once ('keep', 'again'). Everything is below FOLDER:
now/git/ has the bare repositories, now/traffic.jsonl a line for each request
and its answer. Beside the forge stands Linear, a tracker of issues. When it is
ready the file FOLDER/ports says 'forge=PORT', 'control=PORT', 'canary=PORT',
'linear=PORT' (all on 127.0.0.1). NOW, in seconds since 1970,
begins its clock. It ends with the process that started it.
"""
import os
import signal
import sys
import time

import control
import linear
import serve


def main():
    folder = os.path.abspath(sys.argv[1])
    start = float(sys.argv[2]) if len(sys.argv) > 2 else time.time()
    parent = os.getppid()
    os.makedirs(folder, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    ctl = control.Control(folder, start)
    canary = serve.listen(serve.canary(ctl), ctl.failed)
    ctl.canary_url = ctl.server.faults.canary_url = "http://localhost:%d" % canary
    port = serve.listen(serve.handler(ctl), ctl.failed)
    serve.write_port(folder, forge=port, control=serve.listen(control.handler(ctl), ctl.failed), canary=canary,
                     linear=serve.listen(linear.handler(ctl), ctl.failed))
    while os.getppid() == parent:
        time.sleep(1)


if __name__ == "__main__":
    main()
