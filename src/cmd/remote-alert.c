/* profd ci alert: tells somebody who does not look at the job. */
#include "remote.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "output.h"
#include <profd/ci-alert.h>
#include <profd/ci-http.h>
#include <profd/io.h>
#include <profd/mem.h>
#include <profd/outcome-io.h>

static const char USAGE[] =
	"usage: profd ci alert [options] [DIR]\n"
	"\n"
	"Raises an alert of what is in DIR (profd-out), if there is a reason to.\n"
	"\n"
	"      --on WHEN          regression (default), failure or always\n"
	"      --webhook-env VAR  post to the address that this variable has\n"
	"      --format FORMAT    json (default) or slack: what is posted\n"
	"      --command CMD      run this by sh; verdict.json is its input, "
	"PROFD_ALERT_* "
	"tell\n"
	"                         the rest\n"
	"      --issue FILE       write the text of an issue; '-': to the standard "
	"output\n"
	"      --report-url URL   where the report is (default: the run's artifacts)\n"
	"  -h, --help             this text\n";

enum { OPT_ON = 256, OPT_WEBHOOK, OPT_FORMAT, OPT_COMMAND, OPT_ISSUE, OPT_URL };

static const struct option long_options[] = {
	{"on", required_argument, NULL, OPT_ON},
	{"webhook-env", required_argument, NULL, OPT_WEBHOOK},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"command", required_argument, NULL, OPT_COMMAND},
	{"issue", required_argument, NULL, OPT_ISSUE},
	{"report-url", required_argument, NULL, OPT_URL},
	{"help", no_argument, NULL, 'h'},
	{0},
};

struct options {
	enum alert_on on;
	bool slack, help;
	const char *webhook, *command, *issue, *url, *dir;
};

/* --- options ------------------------------------------------------------------------- */

static int parse_on(struct options *o, const char *s)
{
	static const char *const words[] = {[ALERT_REGRESSION] = "regression",
					    [ALERT_FAILURE] = "failure",
					    [ALERT_ALWAYS] = "always"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(s, words[i]) != 0)
			continue;
		o->on = (enum alert_on)i;
		return -1;
	}
	return cmd_usage_error(2, "ci",
			       "--on: regression, failure or always, not '%.60s'", s);
}

static int parse_option(void *arg, int c)
{
	struct options *o = arg;

	switch (c) {
	case 'h':
		o->help = true;
		return -1;
	case OPT_ON:
		return parse_on(o, optarg);
	case OPT_WEBHOOK:
		o->webhook = optarg;
		return -1;
	case OPT_FORMAT:
		o->slack = !strcmp(optarg, "slack");
		if (o->slack || !strcmp(optarg, "json"))
			return -1;
		return cmd_usage_error(2, "ci", "--format: json or slack, not '%.60s'",
				       optarg);
	case OPT_COMMAND:
		o->command = optarg;
		return -1;
	case OPT_ISSUE:
		o->issue = optarg;
		return -1;
	case OPT_URL:
		o->url = optarg;
		return -1;
	default:
		return 2;
	}
}

static int parse_options(struct options *o, int argc, char **argv)
{
	int status;

	*o = (struct options){0};
	status = remote_options(argc, argv, ":h", long_options, parse_option, o);
	if (status >= 0 || o->help)
		return status;
	if (!o->webhook && !o->command && !o->issue)
		return cmd_usage_error(2, "ci",
				       "nobody is told: --webhook-env, --command or "
				       "--issue");
	/* The address itself would be in the log of the job. */
	if (o->webhook &&
	    strspn(o->webhook, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq"
			       "rstuvwxyz0123456789_") != strlen(o->webhook))
		return cmd_usage_error(2, "ci",
				       "--webhook-env takes the name of a variable, not "
				       "an address");
	o->dir = remote_folder(argc - optind, argv + optind);
	return o->dir ? -1 : 2;
}

/* --- telling ------------------------------------------------------------------------- */

/* Twice is better than not at all, so what broke is sent again. */
static int post(const char *url, const struct text *body, struct error *err)
{
	struct http_options o = {.base = url, .backoff_ms = ci_remote_backoff_ms()};
	struct http *h = http_new(&o, err);
	struct http_request rq = {.method = "POST",
				  .url = url,
				  .body = body->s,
				  .body_n = body->len,
				  .what = "post to the webhook"};
	struct http_reply reply;
	int code;

	if (!h)
		return -EINVAL;
	code = http_do(h, &rq, &reply, err);
	if (code == 0 && (reply.status < 200 || reply.status > 299))
		code = error_set(err, -EIO, "the webhook answers with status %ld",
				 reply.status);
	http_reply_done(&reply);
	http_free(h);
	return code;
}

static int tell_webhook(const struct options *o, const struct alert *a, struct error *err)
{
	const char *url = getenv(o->webhook);
	struct text body = {0};
	struct sink_text out;
	int code;

	if (!url || !*url) {
		error_set(err, -ENOENT, "%s, which --webhook-env names, is not set",
			  o->webhook);
		error_hint(err,
			   "forks have no secrets; elsewhere: env: %s: ${{ "
			   "secrets.%s }}",
			   o->webhook, o->webhook);
		return -ENOENT;
	}
	sink_text_init(&out, &body);
	if (o->slack)
		alert_slack_write(a, &out.sink);
	else
		alert_json_write(a, &out.sink);
	code = post(url, &body, err);
	text_done(&body);
	return code;
}

static void print_issue(const void *arg, struct sink *out)
{
	alert_issue_write(arg, out);
}

static int write_issue(const char *path, const struct alert *a, struct error *err)
{
	struct text t = {0};
	struct sink_text out;
	int fd, code;

	if (!strcmp(path, "-"))
		return output_stdout(print_issue, a, err);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return error_set(err, -errno, "cannot write '%s': %s", path,
				 strerror(errno));
	sink_text_init(&out, &t);
	alert_issue_write(a, &out.sink);
	code = io_write(fd, t.s, t.len);
	if (close(fd) < 0 && code == 0)
		code = -errno;
	text_done(&t);
	if (code < 0)
		error_set(err, code, "cannot write '%s': %s", path, strerror(-code));
	return code;
}

/* One that fails does not keep the others from being told. */
static int tell(const struct options *o, const struct ci_remote *r, const struct alert *a)
{
	struct error err = {0};
	int status = 0;

	if (o->issue && write_issue(o->issue, a, &err) < 0)
		status = cmd_fail(2, &err);
	err = (struct error){0};
	if (o->command && alert_command(a, o->command, &err) < 0)
		status = cmd_fail(2, &err);
	err = (struct error){0};
	if (!o->webhook)
		return status;
	if (tell_webhook(o, a, &err) == 0)
		fputs("profd: alert sent\n", stderr);
	else if (err.code == -ENOENT && r->read_only)
		remote_warn(&err);
	else
		status = cmd_fail(2, &err);
	return status;
}

int remote_alert(int argc, char **argv)
{
	_cleanup_free_ char *link = NULL;
	struct ci_remote r = {0};
	struct error err = {0};
	struct outcome found;
	struct options o;
	int status = parse_options(&o, argc, argv);

	if (status >= 0)
		return status;
	if (o.help) {
		fputs(USAGE, stdout);
		return 0;
	}
	if (outcome_load(o.dir, &found, &err) < 0)
		return cmd_fail(2, &err);
	/* Outside of CI there is just less to tell. */
	if (ci_remote_detect(NULL, false, &r, NULL) < 0)
		r = (struct ci_remote){0};
	link = ci_remote_link(&r, o.dir);
	if (alert_wanted(&found, o.on)) {
		struct alert a = {.o = &found,
				  .repository = r.repository,
				  .link = o.url ? o.url : link,
				  .run = r.run,
				  .sha = r.sha,
				  .pr = r.pr,
				  .folder = o.dir};

		status = tell(&o, &r, &a);
	} else {
		fputs("profd: no reason for an alert\n", stderr);
		status = 0;
	}
	ci_remote_done(&r);
	outcome_done(&found);
	return status;
}
