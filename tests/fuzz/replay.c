/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over every file of its corpus folder, where libFuzzer is not linked. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *dir, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "rb");
	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		return -1;
	long size = ftell(f);
	rewind(f);
	/* Not a byte more: AddressSanitizer sees who reads behind the end. */
	uint8_t *data = malloc((size_t)size);
	size_t got = data != NULL ? fread(data, 1, (size_t)size, f) : 0;
	fclose(f);
	LLVMFuzzerTestOneInput(data, got);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned files = 0;
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;

	if (dir == NULL) {
		fprintf(stderr, "usage: %s CORPUS-DIR\n", argv[0]);
		return 2;
	}
	for (struct dirent *d; (d = readdir(dir)) != NULL;)
		if (d->d_name[0] != '.' && replay_file(argv[1], d->d_name) == 0)
			files++;
	closedir(dir);
	printf("%u files replayed\n", files);
	return files != 0 ? 0 : 1;
}
