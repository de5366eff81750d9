#pragma once
#include <stdint.h>

// Swift cannot say "the highest bit of each byte"; every processor can, and Clang's vectors do.

/// Which of 64 bytes are of some class, the first one in the lowest bit.
typedef struct {
    /// No letter, digit or underscore.
    uint64_t notWord;
    /// Quote, backslash or above 0x7f: where a quoted text ends or needs a second look.
    uint64_t notPlain;
} FlyballByteClasses;

typedef uint8_t flyball_bytes __attribute__((ext_vector_type(64)));
typedef int8_t flyball_numbers __attribute__((ext_vector_type(64)));
typedef _Bool flyball_marks __attribute__((ext_vector_type(64)));

#define FLYBALL_BITS(mask)                                                  \
    ({                                                                      \
        flyball_marks marks = __builtin_convertvector(mask, flyball_marks); \
        uint64_t bits;                                                      \
        __builtin_memcpy(&bits, &marks, sizeof bits);                       \
        bits;                                                               \
    })

/// `bytes` are at least 64.
static inline FlyballByteClasses flyball_byte_classes(const uint8_t *bytes) {
    flyball_bytes run;
    __builtin_memcpy(&run, bytes, sizeof run);
    // Signed comparisons are what the processor has; so the least of a range is moved to the least number.
    flyball_numbers letter = __builtin_convertvector((run | 0x20) - (uint8_t)('a' + 0x80), flyball_numbers);
    flyball_numbers digit = __builtin_convertvector(run - (uint8_t)('0' + 0x80), flyball_numbers);
    FlyballByteClasses classes;
    classes.notWord = ~FLYBALL_BITS((letter < -128 + 26) | (digit < -128 + 10) | (run == '_'));
    classes.notPlain = FLYBALL_BITS((run == '"') | (run == '\\') | (run > 0x7f));
    return classes;
}

/// Line breaks and bytes above 0x7f among 64.
static inline uint64_t flyball_not_line(const uint8_t *bytes) {
    flyball_bytes run;
    __builtin_memcpy(&run, bytes, sizeof run);
    return FLYBALL_BITS((run == '\n') | (run > 0x7f));
}

#undef FLYBALL_BITS
