#include <stdio.h>
#include <stdlib.h>

int main(int count, char **words) {
  int product = 1;
  for (int i = 1; i < count; i++) product *= atoi(words[i]);
  printf("answer %s: %d\n", VERSION, product);
}
