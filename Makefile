# git-factory: build, test, install.
#
#   make                 build/git-factory
#   make check           unit tests and black-box tests
#   make distcheck       what CI runs: both compilers, sanitizers, analyzers, lints
#   make bench           figures, each next to its baseline
#   make fuzz            fuzz every parser of untrusted bytes (FUZZ_SECONDS=60 each)
#   make soak            the long tests
#   make install         DESTDIR= PREFIX=/usr/local
#   make uninstall
#
# Objects are out of tree: B=build names where; SAN=1 builds with ASan and
# UBSan; WERROR=1 makes warnings errors; TESTING=1 adds the switches that turn
# single defences off for the hostile tests (never in an installed binary).

VERSION := 0.1.0
B ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
PKG_CONFIG ?= pkg-config
UNAME := $(shell uname -s)

# Linked: small libraries. Opened at first use: those that cost milliseconds.
LINKED := libcjson yaml-0.1 libpcre2-8 expat
LAZY := libgit2 libcurl sqlite3

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

WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough
HARDEN := -fstack-protector-strong -fno-strict-aliasing -fno-delete-null-pointer-checks \
	-fstrict-flex-arrays=3 -ftrivial-auto-var-init=zero -fPIE
OPT ?= -O2 -g
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
ifeq ($(UNAME),Darwin)
LDHARDEN :=
else
HARDEN += -fstack-clash-protection -fcf-protection=full
LDHARDEN := -pie -Wl,-z,nodlopen -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--as-needed
endif

# Older compilers lack a flag or two; ask once.
cc-has = $(shell echo 'int x;' | $(CC) -Werror $(1) -x c -c - -o /dev/null 2>/dev/null && echo $(1))
HARDEN := $(foreach f,$(HARDEN),$(call cc-has,$(f)))

ifdef SAN
OPT := -O1 -g
FORTIFY :=
HARDEN := -fPIE
SANITIZE := -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=all
endif
ifdef WERROR
WARN += -Werror
endif
ifdef TESTING
TESTFLAGS := -DFACTORY_TESTING=1
endif

CPPFLAGS += -Isrc -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DDATADIR='"$(PREFIX)/share/git-factory"' \
	-DSO_GIT2='"$(SO_GIT2)"' -DSO_CURL='"$(SO_CURL)"' -DSO_SQLITE='"$(SO_SQLITE)"' \
	$(TESTFLAGS) $(FORTIFY)
CFLAGS += -std=gnu11 $(OPT) $(WARN) $(HARDEN) $(SANITIZE) $(PKG_CFLAGS)
LDFLAGS += $(LDHARDEN) $(SANITIZE)
LDLIBS += $(PKG_LIBS) -ldl

SRC := $(sort $(wildcard src/*/*.c))
OBJ := $(SRC:%.c=$(B)/%.o)
UNIT := $(sort $(wildcard tests/unit/*.c))
UNIT_BIN := $(UNIT:%.c=$(B)/%)
FUZZ := $(sort $(wildcard tests/fuzz/*.c))

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

-include $(OBJ:.o=.d) $(B)/src/main.d $(UNIT_BIN:=.d)

unit: $(UNIT_BIN)

check: all unit
	ci/test --build $(B)

clean:
	rm -rf $(B)

.PHONY: all unit check clean FORCE
.DELETE_ON_ERROR:
