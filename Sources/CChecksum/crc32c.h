#pragma once
#include <stddef.h>
#include <stdint.h>

// Swift has no name for the instruction that processors have for CRC32C.

#if defined(__x86_64__)
#include <cpuid.h>

/// Whether this processor has the instruction (SSE 4.2). Asking takes a microsecond in a virtual machine.
static inline _Bool flyball_has_crc32c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c >> 20 & 1);
}

#define FLYBALL_CRC32C_TARGET __attribute__((target("sse4.2")))
#define FLYBALL_CRC32C_WORD(crc, word) ((uint32_t)__builtin_ia32_crc32di(crc, word))
#define FLYBALL_CRC32C_BYTE(crc, byte) __builtin_ia32_crc32qi(crc, byte)
#elif defined(__ARM_FEATURE_CRC32)
static inline _Bool flyball_has_crc32c(void) { return 1; }

#define FLYBALL_CRC32C_TARGET
#define FLYBALL_CRC32C_WORD(crc, word) __builtin_arm_crc32cd(crc, word)
#define FLYBALL_CRC32C_BYTE(crc, byte) __builtin_arm_crc32cb(crc, byte)
#else
static inline _Bool flyball_has_crc32c(void) { return 0; }

#define FLYBALL_CRC32C_TARGET
#define FLYBALL_CRC32C_WORD(crc, word) ((void)(word), crc)
#define FLYBALL_CRC32C_BYTE(crc, byte) ((void)(byte), crc)
#endif

/// Goes on with a CRC, not inverted, over `count` bytes. Only where `flyball_has_crc32c` says so.
FLYBALL_CRC32C_TARGET static inline uint32_t flyball_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count >= 8; count -= 8, bytes += 8) {
        uint64_t word;
        __builtin_memcpy(&word, bytes, sizeof word);
        crc = FLYBALL_CRC32C_WORD(crc, word);
    }
    for (; count > 0; count--, bytes++) crc = FLYBALL_CRC32C_BYTE(crc, *bytes);
    return crc;
}

#undef FLYBALL_CRC32C_TARGET
#undef FLYBALL_CRC32C_WORD
#undef FLYBALL_CRC32C_BYTE
