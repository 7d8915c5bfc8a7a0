# The viewer's scripts and style sheet are compiled into the program, as C string literals.
# Those of the page are packed, and named by their hashes in the page's policy.
VIEWER_PARTS = data names tree view draw table strip search state export menu diff app
VIEWER_FILES = $(VIEWER_PARTS:%=share/viewer/%.js)
VIEWER_INCS = src/format/flame-js.inc src/format/page-css.inc src/format/page-boot.inc \
	src/format/page-code.inc src/format/page-policy.inc
EXTRA_DIST += share/viewer/flame.js share/viewer/boot.js share/viewer/page.css share/viewer/pack \
	$(VIEWER_FILES)
BUILT_SOURCES += $(VIEWER_INCS)
CLEANFILES += $(VIEWER_INCS)

$(VIEWER_INCS): src/format/viewer.stamp
	@test -e $@ || { rm -f src/format/viewer.stamp; $(MAKE) $(AM_MAKEFLAGS) src/format/viewer.stamp; }
src/format/viewer.stamp: $(srcdir)/share/viewer/pack $(srcdir)/share/viewer/flame.js \
		$(srcdir)/share/viewer/boot.js $(srcdir)/share/viewer/page.css $(VIEWER_FILES:%=$(srcdir)/%)
	$(AM_V_GEN)$(MKDIR_P) src/format && $(srcdir)/share/viewer/pack $(srcdir)/share/viewer src/format \
		$(VIEWER_PARTS) && touch $@
CLEANFILES += src/format/viewer.stamp
src/format/script.$(OBJEXT): src/format/flame-js.inc
src/format/html.$(OBJEXT): $(VIEWER_INCS)

# Differences have a script of their own, which is the other one with pieces of flame-diff.js.
EXTRA_DIST += share/viewer/flame-diff.js share/viewer/weave
BUILT_SOURCES += src/format/flame-diff-js.inc
CLEANFILES += src/format/flame-diff-js.inc
src/format/flame-diff-js.inc: $(srcdir)/share/viewer/flame.js $(srcdir)/share/viewer/flame-diff.js \
		$(srcdir)/share/viewer/weave
	$(AM_V_GEN)$(MKDIR_P) src/format && $(srcdir)/share/viewer/weave $(srcdir)/share/viewer/flame-diff.js \
		$(srcdir)/share/viewer/flame.js >$@.tmp && mv $@.tmp $@
src/format/script.$(OBJEXT): src/format/flame-diff-js.inc

# The contracts of .profd.yml, for editors, and of verdict.json.
schemadir = $(pkgdatadir)/schema
dist_schema_DATA = share/schema/alert.schema.json share/schema/profd.schema.json share/schema/result.schema.json share/schema/verdict.schema.json

# The shipped suite. It is installed as sources, to be copied into a repository; tests and
# contrib/demo have it compiled as a user would.
suitedir = $(pkgdatadir)/workloads
dist_suite_DATA = share/workloads/.profd.yml \
	share/workloads/cpu_intensive.c \
	share/workloads/fast_function.c \
	share/workloads/memory_intensive.c \
	share/workloads/mixed.c \
	share/workloads/phases.c \
	share/workloads/variable_time.c
check_PROGRAMS += \
	share/workloads/cpu_intensive \
	share/workloads/fast_function \
	share/workloads/memory_intensive \
	share/workloads/mixed \
	share/workloads/phases \
	share/workloads/variable_time
share_workloads_cpu_intensive_SOURCES = share/workloads/cpu_intensive.c
share_workloads_cpu_intensive_CPPFLAGS =
share_workloads_cpu_intensive_CFLAGS = -O2 -g -pthread
share_workloads_cpu_intensive_LDFLAGS = -pthread
share_workloads_fast_function_SOURCES = share/workloads/fast_function.c
share_workloads_fast_function_CPPFLAGS =
share_workloads_fast_function_CFLAGS = -O2 -g -pthread
share_workloads_fast_function_LDFLAGS = -pthread
share_workloads_memory_intensive_SOURCES = share/workloads/memory_intensive.c
share_workloads_memory_intensive_CPPFLAGS =
share_workloads_memory_intensive_CFLAGS = -O2 -g -pthread
share_workloads_memory_intensive_LDFLAGS = -pthread
share_workloads_mixed_SOURCES = share/workloads/mixed.c
share_workloads_mixed_CPPFLAGS =
share_workloads_mixed_CFLAGS = -O2 -g -pthread
share_workloads_mixed_LDFLAGS = -pthread
share_workloads_phases_SOURCES = share/workloads/phases.c
share_workloads_phases_CPPFLAGS =
share_workloads_phases_CFLAGS = -O2 -g -pthread
share_workloads_phases_LDFLAGS = -pthread
share_workloads_variable_time_SOURCES = share/workloads/variable_time.c
share_workloads_variable_time_CPPFLAGS =
share_workloads_variable_time_CFLAGS = -O2 -g -pthread
share_workloads_variable_time_LDFLAGS = -pthread

# What `profd ci init` writes: GitHub's workflows and GitLab's component are the ready ones of contrib/.
CI_TEMPLATES = \
	contrib/github/workflows/profd.yml contrib/github/workflows/profd-forks.yml \
	contrib/github/workflows/profd-on-demand.yml contrib/github/workflows/profd-schedule.yml \
	contrib/gitlab/profd.yml share/ci/gitlab-ci.yml share/ci/Jenkinsfile
EXTRA_DIST += share/ci/embed share/ci/gitlab-ci.yml share/ci/Jenkinsfile share/ci/profd.yml
BUILT_SOURCES += src/ci/templates.inc src/ci/first-config.inc
CLEANFILES += src/ci/templates.inc src/ci/first-config.inc
src/ci/templates.inc: $(srcdir)/share/ci/embed $(CI_TEMPLATES:%=$(srcdir)/%)
	$(AM_V_GEN)$(MKDIR_P) src/ci && $(srcdir)/share/ci/embed $(srcdir) $(CI_TEMPLATES) >$@.tmp && mv $@.tmp $@
src/ci/first-config.inc: $(srcdir)/share/ci/embed $(srcdir)/share/ci/profd.yml
	$(AM_V_GEN)$(MKDIR_P) src/ci && $(srcdir)/share/ci/embed $(srcdir) share/ci/profd.yml >$@.tmp && mv $@.tmp $@
src/ci/init.$(OBJEXT): src/ci/templates.inc src/ci/first-config.inc
