import sys

from invoice.cli import main

sys.exit(main(sys.argv[1:]))
