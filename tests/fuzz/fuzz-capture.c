/* Captures: read, printed as text and read again, where both have to say the same; then
 * fed to a session, whose profile is finished. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <profd/capture.h>
#include <profd/io.h>
#include <profd/raw.h>
#include <profd/replay.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int file_of(const void *data, size_t n)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	if (fd < 0 || io_write(fd, data, n) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

/* Both encodings of all records up to the first that is damaged. */
static void encode(const void *data, size_t n, struct text *printed, struct text *encoded)
{
	struct error err = {0};
	struct capture_reader *reader = capture_open(file_of(data, n), "x", &err);
	struct capture_record r;

	if (!reader)
		return;
	capture_begin(printed, true);
	capture_begin(encoded, false);
	while (capture_next(reader, &r, &err) > 0) {
		capture_print(printed, &r);
		capture_encode(encoded, &r);
		if (printed->len > (16u << 20))
			break;
	}
	capture_close(reader);
}

static void check_encodings(const uint8_t *data, size_t n)
{
	struct text printed = {0}, encoded = {0}, p[2] = {{0}}, e[2] = {{0}};

	encode(data, n, &printed, &encoded);
	if (printed.len) {
		encode(printed.s, printed.len, &p[0], &e[0]);
		encode(encoded.s, encoded.len, &p[1], &e[1]);
		for (unsigned i = 0; i < 2; i++) {
			if (p[i].len != printed.len || e[i].len != encoded.len ||
			    memcmp(p[i].s, printed.s, printed.len) ||
			    memcmp(e[i].s, encoded.s, encoded.len))
				abort();
			text_done(&p[i]);
			text_done(&e[i]);
		}
	}
	text_done(&printed);
	text_done(&encoded);
}

static void finish(struct replay *rp, struct session *ses, struct raw_run *raw)
{
	const struct sampler_event *e = replay_events(rp);
	uint64_t samples = 0;
	const struct profile *p;

	raw_run_settle(raw);
	for (uint32_t i = 0; i < replay_sampler(rp)->nevents; i++)
		session_total(ses, i, e[i].count);
	if (raw->totals.session.duration_ns)
		session_losses(ses, e[0].lost, raw->totals.broken, raw->totals.late);
	p = session_finish(ses, &raw->totals.session);
	for (uint32_t i = 0; i < replay_sampler(rp)->nevents; i++)
		samples += session_quality(ses)->events[i].samples;
	/* Every sample that was fed is in the profile. */
	if (samples != replay_state(rp)->samples || p->nvalues == 0)
		abort();
}

static void feed(const uint8_t *data, size_t n)
{
	int fd = file_of(data, n);
	struct raw_run raw = {0};
	struct error err = {0};
	struct session *ses = NULL;
	struct replay *rp;
	struct event e;
	char path[64];
	int code;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rp = replay_open(path, raw_take, &raw, &err);
	if (rp)
		ses = session_new(replay_session_options(rp), &err);
	if (ses) {
		replay_attach(rp, ses);
		while ((code = replay_next(rp, &e, &err)) > 0)
			session_feed(ses, &e);
		if (code == 0)
			finish(rp, ses, &raw);
		else if (!err.text[0])
			abort();
	}
	session_free(ses);
	replay_close(rp);
	raw_run_done(&raw);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	check_encodings(data, n);
	feed(data, n);
	return 0;
}
