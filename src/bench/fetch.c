/* profd-fetch URL: whether an HTTP server answers with a status of 2xx, by libcurl. A
 * program of its own, so that profd neither links the library nor reads what a server under
 * test sends. Exit status: 0 it does, 1 not yet, with a line that says what came. */
#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#define ANSWER_MS 2000L

static size_t swallow(char *data, size_t size, size_t n, void *arg)
{
	(void)data, (void)arg;
	return size * n;
}

static int fetch(CURL *curl, const char *url)
{
	CURLcode code;
	long status = 0;

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* it is this machine's */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ANSWER_MS);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
	code = curl_easy_perform(curl);
	if (code != CURLE_OK) {
		fprintf(stderr, "%s: %s\n", url, curl_easy_strerror(code));
		return 1;
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 200 && status < 300)
		return 0;
	fprintf(stderr, "%s: status %ld\n", url, status);
	return 1;
}

int main(int argc, char **argv)
{
	CURL *curl;
	int status;

	if (argc != 2) {
		fputs("profd-fetch is started by profd only\n", stderr);
		return 125;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	curl = curl_easy_init();
	status = curl ? fetch(curl, argv[1]) : 125;
	curl_easy_cleanup(curl);
	curl_global_cleanup();
	return status;
}
