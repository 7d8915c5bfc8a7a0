EXTRA_DIST += \
	tests/browser/browser.js \
	tests/browser/compare-boxes \
	tests/browser/drive.js \
	tests/browser/flame.bats \
	tests/browser/report.js \
	tests/browser/viewer.bats \
	tests/browser/viewer.js
