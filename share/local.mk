# The viewer's script and style sheet are compiled into the program, as C string literals.
EXTRA_DIST += share/viewer/flame.js share/viewer/page.css
BUILT_SOURCES += src/format/flame-js.inc src/format/page-css.inc
CLEANFILES += src/format/flame-js.inc src/format/page-css.inc

# Indentation and comments that have a line of their own stay behind.
VIEWER_QUOTE = sed -e 's/^[[:space:]]*//' -e '/^\/\*.*\*\/$$/d' -e '/^$$/d' \
	-e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/'
src/format/flame-js.inc: $(srcdir)/share/viewer/flame.js
	$(AM_V_GEN)$(MKDIR_P) src/format && $(VIEWER_QUOTE) $(srcdir)/share/viewer/flame.js >$@.tmp \
		&& mv $@.tmp $@
src/format/page-css.inc: $(srcdir)/share/viewer/page.css
	$(AM_V_GEN)$(MKDIR_P) src/format && $(VIEWER_QUOTE) $(srcdir)/share/viewer/page.css >$@.tmp \
		&& mv $@.tmp $@
src/format/script.$(OBJEXT): src/format/flame-js.inc
src/format/html.$(OBJEXT): src/format/page-css.inc
