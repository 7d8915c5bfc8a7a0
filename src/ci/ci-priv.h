#pragma once
/* Shared by the readers of events and by what decides. */
#include <profd/ci-event.h>

/* A copy of at most CI_TEXT_MAX_BYTES of @s, clean but for newlines; NULL of NULL and "". */
const char *event_text(struct ci_event *e, const char *s);
void event_push_text(struct ci_event *e, struct ci_texts *t, uint32_t max, const char *s);
/* Each word between commas, without blanks around it. */
void event_push_list(struct ci_event *e, struct ci_texts *t, uint32_t max, const char *s);
