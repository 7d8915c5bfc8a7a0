EXTRA_DIST += \
	.ci/run \
	contrib/CI \
	contrib/HACKING \
	contrib/binary-dist \
	contrib/check-code \
	contrib/check-headers \
	contrib/check-layers \
	contrib/check-outliers \
	contrib/clang-format \
	contrib/clang-tidy \
	contrib/cross \
	contrib/demo \
	contrib/github/action.yml \
	contrib/github/steps \
	contrib/github/workflows/profd-forks.yml \
	contrib/github/workflows/profd-on-demand.yml \
	contrib/github/workflows/profd-schedule.yml \
	contrib/github/workflows/profd.yml \
	contrib/gitlab/profd.yml \
	contrib/install-packages \
	contrib/jenkins/Jenkinsfile \
	contrib/jenkins/vars/profd.groovy \
	contrib/lint \
	contrib/list-files \
	contrib/packages \
	contrib/profile.sh \
	contrib/strip-c \
	contrib/test

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = contrib/completions/profd.bash
zshcompletiondir = $(datadir)/zsh/site-functions
dist_zshcompletion_DATA = contrib/completions/_profd

lint: src/config.h $(BUILT_SOURCES)
	CC='$(CC)' $(srcdir)/contrib/lint -include $(abs_top_builddir)/src/config.h \
		-I$(abs_top_builddir) -I$(abs_top_srcdir)/include -DPROFD_DATADIR='"$(pkgdatadir)"' -DPROFD_LIBEXECDIR='"$(pkglibexecdir)"' \
		$(ELF_CFLAGS) $(ZLIB_CFLAGS) $(JANSSON_CFLAGS) $(YAML_CFLAGS) $(LIBUNWIND_CFLAGS)

# profd for machines without its libraries and without a compiler: what contrib/github and the
# other pipelines install.
binary-dist: all
	$(srcdir)/contrib/binary-dist $(PACKAGE_VERSION) $(host_cpu) $(CC) $(CFLAGS) $(PROFD_LDFLAGS) $(LDFLAGS) \
		-- $(PROFD_LIBS)
.PHONY: binary-dist
CLEANFILES += profd-$(PACKAGE_VERSION)-linux-$(host_cpu).tar.gz \
	profd-$(PACKAGE_VERSION)-linux-$(host_cpu).tar.gz.sha256
