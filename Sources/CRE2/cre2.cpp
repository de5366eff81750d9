#include "cre2.h"

#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

struct cre2_pattern {
    std::unique_ptr<RE2> expression;
    std::string error;
};

cre2_pattern *cre2_compile(const char *text, size_t length, int64_t max_memory) {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(max_memory);
    options.set_dot_nl(true);
    auto pattern = new cre2_pattern;
    pattern->expression = std::make_unique<RE2>(re2::StringPiece(text, length), options);
    if (!pattern->expression->ok()) pattern->error = pattern->expression->error();
    return pattern;
}

void cre2_free(cre2_pattern *pattern) { delete pattern; }

const char *cre2_error(const cre2_pattern *pattern) {
    return pattern->expression->ok() ? nullptr : pattern->error.c_str();
}

int cre2_group_count(const cre2_pattern *pattern) {
    return pattern->expression->ok() ? pattern->expression->NumberOfCapturingGroups() : 0;
}

int cre2_group_named(const cre2_pattern *pattern, const char *name, size_t length) {
    if (!pattern->expression->ok()) return -1;
    const auto &groups = pattern->expression->NamedCapturingGroups();
    const auto found = groups.find(std::string(name, length));
    return found == groups.end() ? -1 : found->second;
}

bool cre2_match(const cre2_pattern *pattern, const char *text, size_t length, size_t start,
                int anchored, ptrdiff_t *offsets, int groups) {
    if (!pattern->expression->ok() || start > length) return false;
    const auto anchor = anchored == 2   ? RE2::ANCHOR_BOTH
                        : anchored == 1 ? RE2::ANCHOR_START
                                        : RE2::UNANCHORED;
    std::vector<re2::StringPiece> found(groups > 0 ? groups : 0);
    const re2::StringPiece subject(text, length);
    if (!pattern->expression->Match(subject, start, length, anchor, found.data(), groups)) return false;
    for (int group = 0; group < groups; ++group) {
        const bool absent = found[group].data() == nullptr;
        offsets[2 * group] = absent ? -1 : found[group].data() - text;
        offsets[2 * group + 1] = absent ? -1 : found[group].data() - text + (ptrdiff_t)found[group].size();
    }
    return true;
}
