/* SPDX-License-Identifier: MIT */
/* Who listens on a TCP port. */
#include "app/port.h"

#include "base/buf.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Columns of /proc/net/tcp, counted by the white space between them. */
enum { COLUMN_LOCAL = 1, COLUMN_STATE = 3, COLUMN_UID = 7, COLUMN_INODE = 9, COLUMNS };

static size_t split_columns(struct str line, struct str *ret)
{
	struct str part;
	size_t n = 0;

	while (n < COLUMNS && str_split(&line, ' ', &part))
		if (part.n > 0)
			ret[n++] = part;
	return n;
}

/* Whether "0100007F:1E64" ends with this port. */
static bool has_port(struct str address, unsigned port)
{
	char want[8];

	snprintf(want, sizeof(want), ":%04X", port);
	return str_ends(address, str_from(want));
}

bool port_find_socket(struct str table, unsigned port, struct port_socket *ret)
{
	struct str line, column[COLUMNS];
	uint64_t uid;

	while (str_split(&table, '\n', &line)) {
		if (split_columns(line, column) < COLUMNS)
			continue;
		/* 0A is TCP_LISTEN. */
		if (!str_eq(column[COLUMN_STATE], STR("0A")) ||
			!has_port(column[COLUMN_LOCAL], port))
			continue;
		if (str_to_u64(column[COLUMN_UID], &uid) &&
			str_to_u64(column[COLUMN_INODE], &ret->inode)) {
			ret->uid = (uid_t)uid;
			return true;
		}
	}
	return false;
}

/* Files in /proc have no size: they are read to their end. */
static void read_all(const char *path, struct buf *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return;
	while (n > 0 && buf_reserve(ret, 16384)) {
		n = read(fd, ret->p + ret->n, 16384);
		if (n > 0)
			ret->n += (size_t)n;
	}
	close(fd);
}

static bool find_socket_in(const char *path, unsigned port, struct port_socket *ret)
{
	struct buf table;

	buf_init(&table, 16 << 20);
	read_all(path, &table);
	bool found = port_find_socket(buf_str(&table), port, ret);
	buf_release(&table);
	return found;
}

/* Whether one of the descriptors of /proc/PID is the socket. */
static bool holds_socket(pid_t pid, const char *socket_link)
{
	char path[64], target[64];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	for (struct dirent *d; !found && (d = readdir(dir));) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, target, sizeof(target) - 1);
		found = n > 0 && (target[n] = '\0', strcmp(target, socket_link) == 0);
	}
	closedir(dir);
	return found;
}

static void read_name(pid_t pid, char *ret, size_t size)
{
	char path[64];
	struct buf text;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	buf_init(&text, 1 << 16);
	read_all(path, &text);
	snprintf(ret, size, "%.*s", STR_ARG(str_trim(buf_str(&text))));
	buf_release(&text);
}

/* Looks through all processes for the one that has the socket open. */
static void find_process(uint64_t inode, struct port_owner *ret)
{
	char link[40];
	uint64_t pid;

	snprintf(link, sizeof(link), "socket:[%llu]", (unsigned long long)inode);
	DIR *dir = opendir("/proc");
	if (!dir)
		return;
	for (struct dirent *d; !ret->pid && (d = readdir(dir));) {
		if (!str_to_u64(str_from(d->d_name), &pid) || !holds_socket((pid_t)pid, link))
			continue;
		ret->pid = (pid_t)pid;
		read_name(ret->pid, ret->name, sizeof(ret->name));
	}
	closedir(dir);
}

bool port_find_owner(unsigned port, struct port_owner *ret)
{
	struct port_socket socket;

	*ret = (struct port_owner){ 0 };
	if (!find_socket_in("/proc/net/tcp", port, &socket) &&
		!find_socket_in("/proc/net/tcp6", port, &socket))
		return false;
	ret->uid = socket.uid;
	find_process(socket.inode, ret);
	return true;
}
