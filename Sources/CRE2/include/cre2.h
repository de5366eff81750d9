// RE2 behind a C interface. Nothing here throws or allocates on the caller's side.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cre2_pattern cre2_pattern;

/// Compiles `length` bytes of a pattern.
/// Never NULL; ask `cre2_error` whether it compiled.
cre2_pattern *cre2_compile(const char *text, size_t length, int64_t max_memory);
void cre2_free(cre2_pattern *pattern);

/// The compile error, NUL-terminated and owned by the pattern, or NULL where it compiled.
const char *cre2_error(const cre2_pattern *pattern);

/// The number of capturing groups, the whole match not counted.
int cre2_group_count(const cre2_pattern *pattern);

/// The number of the group with this name, or -1.
int cre2_group_named(const cre2_pattern *pattern, const char *name, size_t length);

/// Matches from `start`. `anchored`: 0 anywhere, 1 at the start, 2 the whole text.
/// `offsets` receives `2 * groups` numbers, begin and end of each group, -1 where it took no part.
bool cre2_match(const cre2_pattern *pattern, const char *text, size_t length, size_t start,
                int anchored, ptrdiff_t *offsets, int groups);

#ifdef __cplusplus
}
#endif
