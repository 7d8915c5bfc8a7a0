#pragma once
/* What profd config check has understood, for people and for programs. */
#include <profd/config.h>
#include <profd/json.h>
#include <profd/text.h>

void config_describe(const struct config *c, struct text *t);
/* To be freed by json_free. */
struct json *config_json(const struct config *c);
struct json *config_problems_json(const char *path, const struct config_problems *p);
/* "10%", "x1.5" and "5ms" as one word, "" without any. */
void config_add_threshold(struct text *t, const struct config_metric *m);
