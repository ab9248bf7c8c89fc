// The few functions on bytes that a libc would give. The empty asm keeps the compiler from making calls of memset
// and memcpy out of the loops: there is nobody to call.
#include "stage.h"

size_t text_length(const char *text) {
  size_t length = 0;
  while (text[length])
    length++;
  return length;
}

// Copies and terminates; returns the length of `from`, which did not fit when it is `size` or more.
size_t text_copy(char *to, size_t size, const char *from) {
  size_t length = 0;
  for (; from[length]; length++) {
    __asm__ volatile("" ::: "memory");
    if (length + 1 < size)
      to[length] = from[length];
  }
  if (size)
    to[length < size ? length : size - 1] = 0;
  return length;
}

int text_equal(const char *a, const char *b) {
  while (*a && *a == *b)
    a++, b++;
  return *a == *b;
}

void bytes_clear(void *at, size_t size) {
  char *bytes = at;
  for (size_t i = 0; i < size; i++) {
    __asm__ volatile("" ::: "memory");
    bytes[i] = 0;
  }
}
