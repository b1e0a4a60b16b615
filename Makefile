# git-factory: build, test, install.
#
#   make                 build/git-factory
#   make check           unit tests and black-box tests
#   make distcheck       what CI runs: both compilers, sanitizers, analyzers, lints
#   make bench           figures, each next to its baseline
#   make fuzz            fuzz every parser of untrusted bytes (FUZZ_SECONDS=60 each)
#   make soak            the long tests: model, traces, races, 500 tasks on a forge, every call
#                        struck, many killed runs, slowdowns (SOAK_MINUTES=10 for the last three)
#   make corpus          good and bad changes of four small projects against their gates
#                        (WITHOUT=yes: each bad one again without the gate that stops it)
#   make install         DESTDIR= PREFIX=/usr/local
#   make uninstall
#
# Objects are out of tree: B=build names where; SAN=1 builds with ASan and
# UBSan; FUZZING=1 with clang, the same two and coverage for libFuzzer;
# WERROR=1 makes warnings errors; TESTING=1 adds the switches that turn single
# defences off for the hostile tests (never in an installed binary).

VERSION := 0.1.0
B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
PKG_CONFIG ?= pkg-config
UNAME := $(shell uname -s)

# Linked: small libraries. Opened at first use: those that cost milliseconds.
LINKED := libcjson yaml-0.1 libpcre2-8 expat
LAZY := libgit2 libcurl sqlite3 zlib libcrypto libmicrohttpd

PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LINKED) $(LAZY))
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(LINKED))

# soname LIBRARY, LINKER-NAME: what the binary is to open.
ifeq ($(UNAME),Darwin)
soname = $(shell otool -D "$$($(PKG_CONFIG) --variable=libdir $(1))/lib$(2).dylib" | tail -n 1)
else
soname = $(shell objdump -p "$$($(CC) -print-file-name=lib$(2).so)" | awk '$$1 == "SONAME" {print $$2}')
endif
SO_GIT2 := $(call soname,libgit2,git2)
SO_CURL := $(call soname,libcurl,curl)
SO_SQLITE := $(call soname,sqlite3,sqlite3)
SO_ZLIB := $(call soname,zlib,z)
SO_CRYPTO := $(call soname,libcrypto,crypto)
SO_MHD := $(call soname,libmicrohttpd,microhttpd)

WARN := -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wmissing-format-attribute -Wimplicit-fallthrough
HARDEN := -fstack-protector-strong -fno-strict-aliasing -fno-delete-null-pointer-checks \
	-fstrict-flex-arrays=3 -ftrivial-auto-var-init=zero -fPIE
OPT ?= -O2 -g
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
ifeq ($(UNAME),Darwin)
LDHARDEN :=
else
HARDEN += -fstack-clash-protection -fcf-protection=full
LDHARDEN := -pie -Wl,-z,nodlopen -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--as-needed
# See git/lg2.c; a libcurl on Mbed TLS needs the true one.
ifeq ($(findstring mbedtls,$(shell $(PKG_CONFIG) --static --libs libcurl)),)
LDEXPORT := -Wl,--export-dynamic-symbol=mbedtls_x509_crt_parse_file
endif
endif

# Older compilers lack a flag or two; ask once.
cc-has = $(shell echo 'int x;' | $(CC) -Werror $(1) -x c -c - -o /dev/null 2>/dev/null && echo $(1))
HARDEN := $(foreach f,$(HARDEN),$(call cc-has,$(f)))

ifdef SAN
OPT := -O1 -g
FORTIFY :=
HARDEN := -fPIE
SANITIZE := -DSANITIZED -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
ifdef FUZZING
CC := clang
OPT := -O1 -g
FORTIFY :=
HARDEN := -fPIE
SANITIZE := -DSANITIZED -fsanitize=address,undefined,fuzzer-no-link -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
ifdef WERROR
WARN += -Werror
endif
ifdef TESTING
TESTFLAGS := -DFACTORY_TESTING=1
endif

CPPFLAGS += -Isrc -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DDATADIR='"$(PREFIX)/share/git-factory"' \
	-DSO_GIT2='"$(SO_GIT2)"' -DSO_CURL='"$(SO_CURL)"' -DSO_SQLITE='"$(SO_SQLITE)"' \
	-DSO_ZLIB='"$(SO_ZLIB)"' -DSO_MHD='"$(SO_MHD)"' -DSO_CRYPTO='"$(SO_CRYPTO)"' \
	$(TESTFLAGS) $(FORTIFY)
CFLAGS += -std=gnu11 $(OPT) $(WARN) $(HARDEN) $(SANITIZE) $(PKG_CFLAGS)
LDFLAGS += $(LDHARDEN) $(LDEXPORT) $(SANITIZE)
LDLIBS += $(PKG_LIBS) -ldl -lm -pthread

SRC := $(sort $(wildcard src/*/*.c src/*/*/*.c))
OBJ := $(SRC:%.c=$(B)/%.o)
UNIT := $(sort $(wildcard tests/unit/*.c))
UNIT_BIN := $(UNIT:%.c=$(B)/%)
FUZZ := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ:%.c=$(B)/%)
MAN := $(sort $(wildcard man/*.[157]))

all: $(B)/git-factory

$(B)/git-factory: $(B)/src/main.o $(B)/libfactory.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Made anew each time: an archive keeps members whose source is gone.
$(B)/libfactory.a: $(OBJ)
	@rm -f $@
	$(AR) rcs $@ $(OBJ)

# The flags are a prerequisite too: another CC or SAN builds everything again.
$(B)/flags: FORCE
	@mkdir -p $(B)
	@echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' | cmp -s - $@ || \
	    echo '$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)' > $@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(B)/tests/unit/%: tests/unit/%.c $(B)/libfactory.a $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -Itests/unit -MMD -MP $(LDFLAGS) -o $@ $< $(B)/libfactory.a $(LDLIBS) -lcmocka

$(B)/tests/fuzz/%: tests/fuzz/%.c $(B)/libfactory.a $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer -MMD -MP $(LDFLAGS) -o $@ $< $(B)/libfactory.a $(LDLIBS)

# What tests/soak/crash strikes with: strike kills and fails calls by ptrace, and
# a git-factory that meets the end of memory has its allocator in front of glibc's.
STRIKERS := $(if $(filter Linux,$(UNAME)),$(B)/tests/soak/strike $(B)/tests/soak/git-factory)
strikers: $(STRIKERS)
$(B)/tests/soak/strike: tests/soak/crash/strike.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) -D_GNU_SOURCE -std=gnu11 $(OPT) $(WARN) -o $@ $<
$(B)/tests/soak/git-factory: tests/soak/crash/nomem.c $(B)/src/main.o $(B)/libfactory.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -fno-builtin -o $@ $^ $(LDLIBS)

$(B)/tests/bench/%: tests/bench/%.c $(B)/libfactory.a $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $< $(B)/libfactory.a $(LDLIBS)

-include $(OBJ:.o=.d) $(B)/src/main.d $(UNIT_BIN:=.d) $(FUZZ_BIN:=.d)

unit: $(UNIT_BIN)

fuzzers: $(FUZZ_BIN)

check: all unit testing strikers
	ci/test --build $(B)

# Every header alone, with this build's flags.
headers:
	@ci/check-headers $(CC) $(CPPFLAGS) $(CFLAGS)

print-cppflags:
	@echo "$(subst ",\",$(CPPFLAGS) $(PKG_CFLAGS))"

# The binary whose defences can be switched off, for the hostile tests, and
# the unit tests that show an attack to succeed with its defence off.
DEFENCE_TESTS := test_beneath test_jail_attacks test_tool
testing:
	$(MAKE) B=$(B)/testing TESTING=1 all $(DEFENCE_TESTS:%=$(B)/testing/tests/unit/%)

# gcc and clang with -Werror, the sanitizers, then every test and every lint
# under one closing line. Apple's clang has no libFuzzer.
ifeq ($(UNAME),Darwin)
SAN_BUILD := SAN=1
SAN_GOALS := unit
else
SAN_BUILD := FUZZING=1
SAN_GOALS := unit fuzzers
endif
distcheck:
	$(MAKE) CC=gcc WERROR=1 B=build all unit strikers benches
	$(MAKE) CC=gcc WERROR=1 B=build testing
	$(MAKE) $(SAN_BUILD) WERROR=1 B=build/san $(SAN_GOALS)
	ci/test --build build --san build/san --lint

FUZZ_SECONDS ?= 60
fuzz:
	$(MAKE) FUZZING=1 B=$(B)/san fuzzers
	ci/fuzz --seconds $(FUZZ_SECONDS) $(B)/san

BENCHES := $(patsubst %.c,$(B)/%,$(sort $(wildcard tests/bench/*.c)))
benches: $(BENCHES)
bench: all benches
	tests/bench/run --build $(B)

SOAK_MINUTES ?= 10
soak: all strikers
	tests/soak/run --build $(B) --minutes $(SOAK_MINUTES)

corpus: all
	tests/corpus/run --build $(B) $(if $(WITHOUT),--without)

BINDIR = $(DESTDIR)$(PREFIX)/bin
MANDIR = $(DESTDIR)$(PREFIX)/share/man
SHAREDIR = $(DESTDIR)$(PREFIX)/share/git-factory
BASHDIR = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ZSHDIR = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
FISHDIR = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
FISHCONF = $(DESTDIR)$(PREFIX)/share/fish/vendor_conf.d
COMPLETIONS := $(addprefix $(B)/completions/git-factory.,bash zsh fish fish-git)
# 'git help factory-run' looks for gitfactory-run(1).
MANLINKS := $(patsubst man/git-%,%,$(wildcard man/git-factory-*.[15]))
SHARED := $(shell find hooks templates -type f)

# Made of the option tables themselves.
$(B)/completions/git-factory.%: $(B)/git-factory ci/completion
	@mkdir -p $(@D)
	$(B)/git-factory --list-verbs | ci/completion $* > $@

completions: $(COMPLETIONS)

install: all completions
	install -d $(BINDIR) $(BASHDIR) $(ZSHDIR) $(FISHDIR) $(FISHCONF)
	install -m 755 $(B)/git-factory $(BINDIR)/git-factory
	install -m 644 $(B)/completions/git-factory.bash $(BASHDIR)/git-factory
	install -m 644 $(B)/completions/git-factory.zsh $(ZSHDIR)/_git-factory
	install -m 644 $(B)/completions/git-factory.fish $(FISHDIR)/git-factory.fish
	install -m 644 $(B)/completions/git-factory.fish-git $(FISHCONF)/git-factory.fish
	set -e; for f in $(MAN); do \
		install -d $(MANDIR)/man$${f##*.}; \
		install -m 644 $$f $(MANDIR)/man$${f##*.}/$${f##*/}; done
	set -e; for f in $(MANLINKS); do \
		ln -sf git-$$f $(MANDIR)/man$${f##*.}/git$$f; done
	set -e; for f in $(SHARED); do \
		install -d $(SHAREDIR)/$${f%/*}; \
		if [ -x $$f ]; then m=755; else m=644; fi; \
		install -m $$m $$f $(SHAREDIR)/$$f; done

uninstall:
	rm -f $(BINDIR)/git-factory $(BASHDIR)/git-factory $(ZSHDIR)/_git-factory $(FISHDIR)/git-factory.fish \
		$(FISHCONF)/git-factory.fish
	for f in $(MAN); do rm -f $(MANDIR)/man$${f##*.}/$${f##*/}; done
	for f in $(MANLINKS); do rm -f $(MANDIR)/man$${f##*.}/git$$f; done
	rm -rf $(SHAREDIR)

clean:
	rm -rf $(B)

.PHONY: all unit strikers benches fuzzers check headers print-cppflags testing distcheck fuzz bench soak corpus completions install uninstall clean FORCE
.DELETE_ON_ERROR:
