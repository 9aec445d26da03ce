/* SPDX-License-Identifier: MIT */
/* Loaded into the program by LD_PRELOAD: makes the n-th of some system call fail with a chosen error, or take or give less
 * than was asked. Only on IPv4 sockets, so that logs, pipes and files are left alone. What is to fail stands in a small
 * file, named by FAULT_CONTROL, that the runner changes while the program runs. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* In the order of CALLS in run.py. */
enum call {
	CALL_NONE,
	CALL_SOCKET,
	CALL_CONNECT,
	CALL_ACCEPT4,
	CALL_SEND,
	CALL_RECV,
	CALL_READ,
	CALL_WRITE,
	CALL_EPOLL_CTL, /* on every epoll set but the first, which is the loop's own */
};

/* The control file, as run.py writes it. */
struct control {
	_Atomic int32_t call;
	_Atomic int32_t left;  /* this many more of it, and that one fails */
	_Atomic int32_t error; /* an errno; 0: the call is cut short; -1: it reports an end */
	_Atomic int32_t fired; /* how many have failed */
};

static struct control *control;
static _Atomic int first_epoll = -1;

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("FAULT_CONTROL");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	void *p = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	control = p != MAP_FAILED ? p : NULL;
	close(fd);
}

/* The function that this one stands in front of. */
#define NEXT(name) (__extension__(__typeof__(&name)) next(#name))

static void *next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static int is_ipv4(int fd)
{
	int domain = 0, kept = errno;
	socklen_t n = sizeof(domain);
	int ok = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_INET;

	errno = kept;
	return ok;
}

/* Whether this is the one. */
static int is_due(enum call call)
{
	if (control == NULL || atomic_load(&control->call) != (int32_t)call ||
		atomic_fetch_sub(&control->left, 1) != 1)
		return 0;
	atomic_fetch_add(&control->fired, 1);
	return 1;
}

/* What a call that transfers bytes does: 1 when *ret is its result, 0 when it is to be made, with *n bytes. */
static int transfer_fails(enum call call, int fd, size_t *n, ssize_t *ret)
{
	if (control == NULL || *n == 0 || atomic_load(&control->call) != (int32_t)call ||
		!is_ipv4(fd) || !is_due(call))
		return 0;
	int error = atomic_load(&control->error);
	if (error == 0) {
		*n = 1;
		return 0;
	}
	*ret = error < 0 ? 0 : -1;
	errno = error < 0 ? errno : error;
	return 1;
}

static int fails(enum call call)
{
	if (!is_due(call))
		return 0;
	errno = atomic_load(&control->error);
	return 1;
}

int socket(int domain, int type, int protocol)
{
	return domain == AF_INET && fails(CALL_SOCKET) ? -1 : NEXT(socket)(domain, type, protocol);
}

int connect(int fd, __CONST_SOCKADDR_ARG a, socklen_t n)
{
	return is_ipv4(fd) && fails(CALL_CONNECT) ? -1 : NEXT(connect)(fd, a, n);
}

int accept4(int fd, __SOCKADDR_ARG a, socklen_t *n, int flags)
{
	return is_ipv4(fd) && fails(CALL_ACCEPT4) ? -1 : NEXT(accept4)(fd, a, n, flags);
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	ssize_t ret;

	return transfer_fails(CALL_SEND, fd, &n, &ret) ? ret : NEXT(send)(fd, p, n, flags);
}

ssize_t recv(int fd, void *p, size_t n, int flags)
{
	ssize_t ret;

	return transfer_fails(CALL_RECV, fd, &n, &ret) ? ret : NEXT(recv)(fd, p, n, flags);
}

ssize_t read(int fd, void *p, size_t n)
{
	ssize_t ret;

	return transfer_fails(CALL_READ, fd, &n, &ret) ? ret : NEXT(read)(fd, p, n);
}

ssize_t write(int fd, const void *p, size_t n)
{
	ssize_t ret;

	return transfer_fails(CALL_WRITE, fd, &n, &ret) ? ret : NEXT(write)(fd, p, n);
}

ssize_t writev(int fd, const struct iovec *v, int count)
{
	ssize_t ret;
	size_t n = count > 0 ? v[0].iov_len : 0, all = n;

	if (transfer_fails(CALL_WRITE, fd, &n, &ret))
		return ret;
	return n < all ? NEXT(write)(fd, v[0].iov_base, n) : NEXT(writev)(fd, v, count);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	ssize_t ret;
	size_t n = m->msg_iovlen > 0 ? m->msg_iov[0].iov_len : 0, all = n;

	if (transfer_fails(CALL_WRITE, fd, &n, &ret))
		return ret;
	return n < all ? NEXT(send)(fd, m->msg_iov[0].iov_base, n, flags)
		       : NEXT(sendmsg)(fd, m, flags);
}

int epoll_create1(int flags)
{
	int fd = NEXT(epoll_create1)(flags), none = -1;

	atomic_compare_exchange_strong(&first_epoll, &none, fd);
	return fd;
}

int epoll_ctl(int set, int op, int fd, struct epoll_event *ev)
{
	return set != atomic_load(&first_epoll) && op != EPOLL_CTL_DEL && fails(CALL_EPOLL_CTL)
		       ? -1
		       : NEXT(epoll_ctl)(set, op, fd, ev);
}
