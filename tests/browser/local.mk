EXTRA_DIST += \
	tests/browser/compare-boxes \
	tests/browser/drive.js \
	tests/browser/flame.bats
