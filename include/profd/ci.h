#pragma once
/* Which continuous integration runs us, and what it says of itself in the environment:
 * GitHub Actions ("Variables reference"), GitLab CI/CD ("Predefined CI/CD variables"), Jenkins
 * ("Using environment variables", and those of multibranch pipelines). Any thread, as long as
 * nobody calls setenv(3).
 *
 * All texts are hostile: a branch is called what somebody liked. NULL is "not said"; they are
 * copies that ci_env_done frees. No secret is among them: `token_variable` is the name of the
 * variable, and whoever needs its value reads it where it is used. */
#include <stdbool.h>
#include <stdint.h>

enum ci_provider { CI_NONE, CI_GITHUB, CI_GITLAB, CI_JENKINS };

struct ci_env {
	enum ci_provider provider;
	char *event;	  /* "pull_request", "push" …: the provider's word */
	char *event_path; /* of the event as JSON; GitHub */
	char *repository; /* "owner/name"; of GitLab all groups before the name */
	char *project_id; /* GitLab's number */
	uint64_t pr;	  /* pull or merge request; 0: none */
	char *sha; /* what is judged; of a pull request its head, and not the merge */
	char *branch, *base_branch;
	char *server_url,
		*api_url; /* without a slash at the end; GitHub Enterprise's too */
	const char
		*token_variable; /* the first of those usual that is set and not empty */
	char *run_url, *job_url; /* pages for people */
	char *artifacts_url; /* of the job's files; followed by their paths if by_path */
	bool artifacts_by_path;
	char *workspace;
	char *output_path, *summary_path; /* $GITHUB_OUTPUT, $GITHUB_STEP_SUMMARY */
};
/* Never fails: what is not there, or not as it should be, is not said. The event file is not
 * read. */
void ci_env_read(struct ci_env *ret);
void ci_env_done(struct ci_env *e);

const char *ci_provider_word(enum ci_provider p); /* "github", …; "none" */
/* CI_NONE for an unknown word, and for "none". */
enum ci_provider ci_provider_find(const char *word);
/* A number of a pull request: 1 to 2^53, digits only; else 0. */
uint64_t ci_number(const char *s);
