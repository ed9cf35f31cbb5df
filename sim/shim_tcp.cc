/* SPDX-License-Identifier: MIT */
#include "sim/shim_impl.hh"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <ns3/boolean.h>
#include <ns3/double.h>
#include <ns3/inet-socket-address.h>
#include <ns3/rtt-estimator.h>
#include <ns3/simulator.h>
#include <ns3/tcp-cubic.h>
#include <ns3/tcp-l4-protocol.h>
#include <ns3/tcp-prr-recovery.h>
#include <ns3/uinteger.h>

using namespace ns3;

namespace
{
constexpr uint32_t tcp_ip_bytes = 52; /* IP 20, TCP 20, timestamps 12 */
constexpr int max_iov = 1024;

/* A socket on the host, as Linux has them rather than as ns-3 does; not bound. */
Ptr<MendedTcpSocket> make_socket(const zsim_host *host)
{
	const zsim_config &config = host->sim->config;
	const Ptr<MendedTcpSocket> socket = CreateObject<MendedTcpSocket>();

	socket->SetNode(host->node);
	socket->SetTcp(host->node->GetObject<TcpL4Protocol>());
	socket->SetRtt(CreateObject<RttMeanDeviation>());
	socket->SetCongestionControlAlgorithm(CreateObject<TcpCubic>());
	socket->SetRecoveryAlgorithm(CreateObject<TcpPrrRecovery>());
	socket->SetAttribute("SegmentSize", UintegerValue(config.mtu - tcp_ip_bytes));
	socket->SetAttribute("SndBufSize", UintegerValue(config.sndbuf));
	socket->SetAttribute("RcvBufSize", UintegerValue(config.rcvbuf));
	socket->SetAttribute("ConnCount", UintegerValue(config.syn_tries));
	socket->SetAttribute("DataRetries", UintegerValue(config.data_tries));
	socket->SetAttribute("ConnTimeout", TimeValue(Seconds(1)));
	socket->SetAttribute("MinRto", TimeValue(MilliSeconds(200)));
	socket->SetAttribute("DelAckTimeout", TimeValue(MilliSeconds(40)));
	socket->SetAttribute("PersistTimeout", TimeValue(MilliSeconds(200)));
	socket->SetAttribute("MaxSegLifetime", DoubleValue(1));
	socket->SetAttribute("TcpNoDelay", BooleanValue(true));
	return socket;
}

Ptr<zsim_tcp> make_tcp(zsim_host *host, const Ptr<MendedTcpSocket> &socket)
{
	Ptr<zsim_tcp> tcp(new zsim_tcp, false);

	tcp->host = host;
	tcp->socket = socket;
	socket->SetWatcher(PeekPointer(tcp));
	host->sim->tcps.insert(tcp);
	return tcp;
}

void note_addresses(zsim_tcp *tcp)
{
	Address local, peer;

	tcp->socket->GetSockName(local);
	tcp->socket->GetPeerName(peer);
	tcp->local_ipv4 = InetSocketAddress::ConvertFrom(local).GetIpv4().Get();
	tcp->local_port = InetSocketAddress::ConvertFrom(local).GetPort();
	tcp->peer_ipv4 = InetSocketAddress::ConvertFrom(peer).GetIpv4().Get();
	tcp->peer_port = InetSocketAddress::ConvertFrom(peer).GetPort();
}

void tell_accepted(Ptr<zsim_listener> listener, Ptr<zsim_tcp> tcp)
{
	if (listener->closed) {
		zsim_tcp_abort(PeekPointer(tcp));
		zsim_tcp_destroy(PeekPointer(tcp));
		return;
	}
	listener->accept(PeekPointer(tcp), listener->user);
}

void accepted(const Ptr<zsim_listener> &listener, const Ptr<MendedTcpSocket> &socket)
{
	const Ptr<zsim_tcp> tcp = make_tcp(listener->host, socket);

	note_addresses(PeekPointer(tcp));
	Simulator::ScheduleNow(&tell_accepted, listener, tcp);
}

} // namespace

void zsim_tcp::Connected()
{
	Simulator::ScheduleNow(&zsim_tcp::TellConnected, Ptr<zsim_tcp>(this));
}

void zsim_tcp::Readable()
{
	if (readable_due)
		return;
	readable_due = true;
	Simulator::ScheduleNow(&zsim_tcp::TellReadable, Ptr<zsim_tcp>(this));
}

void zsim_tcp::Writable()
{
	if (writable_due || !wants_space)
		return;
	writable_due = true;
	Simulator::ScheduleNow(&zsim_tcp::TellWritable, Ptr<zsim_tcp>(this));
}

void zsim_tcp::Ended(zsim_reason reason)
{
	if (reason != ZSIM_EOF)
		over = true;
	Simulator::ScheduleNow(&zsim_tcp::TellClosed, Ptr<zsim_tcp>(this), reason);
}

void zsim_tcp::TellConnected()
{
	if (!closing && ops.connected != nullptr)
		ops.connected(this, user);
}

void zsim_tcp::TellReadable()
{
	readable_due = false;
	if (!closing && ops.readable != nullptr)
		ops.readable(this, user);
}

void zsim_tcp::TellWritable()
{
	writable_due = false;
	wants_space = false;
	if (!closing && !over && ops.writable != nullptr)
		ops.writable(this, user);
}

void zsim_tcp::TellClosed(zsim_reason reason)
{
	if (closing && reason == ZSIM_EOF)
		return;
	if (ops.closed != nullptr)
		ops.closed(this, reason, user);
}

zsim_listener *zsim_listen(zsim_host *host, uint16_t port, zsim_accept_fn accept, void *user)
{
	if (port == 0 || accept == nullptr) {
		errno = EINVAL;
		return nullptr;
	}
	Ptr<zsim_listener> listener(new zsim_listener, false);
	listener->host = host;
	listener->accept = accept;
	listener->user = user;
	listener->socket = make_socket(host);
	if (listener->socket->Bind(InetSocketAddress(Ipv4Address(host->ipv4), port)) != 0) {
		errno = EADDRINUSE;
		return nullptr;
	}
	/* Handshakes under way refer to the listener too; Vanish takes the reference back. */
	listener->socket->SetAcceptor(
		[listener](const Ptr<MendedTcpSocket> &socket) { accepted(listener, socket); });
	listener->socket->Listen();
	host->sim->listeners.insert(listener);
	return PeekPointer(listener);
}

void zsim_listener_close(zsim_listener *listener)
{
	if (listener == nullptr)
		return;
	listener->closed = true;
	listener->socket->Vanish();
	listener->host->sim->listeners.erase(Ptr<zsim_listener>(listener));
}

zsim_tcp *zsim_connect(zsim_host *host, uint16_t src_port, uint32_t dst_ipv4, uint16_t dst_port,
		       const zsim_tcp_ops *ops, void *user)
{
	if (dst_port == 0 || dst_ipv4 == host->ipv4) {
		errno = EINVAL;
		return nullptr;
	}
	const Ptr<MendedTcpSocket> socket = make_socket(host);
	if (socket->Bind(InetSocketAddress(Ipv4Address(host->ipv4), src_port)) != 0) {
		errno = src_port != 0 ? EADDRINUSE : EADDRNOTAVAIL;
		return nullptr;
	}
	zsim_tcp *tcp = PeekPointer(make_tcp(host, socket));
	zsim_tcp_set_ops(tcp, ops, user);
	socket->Connect(InetSocketAddress(Ipv4Address(dst_ipv4), dst_port));
	note_addresses(tcp);
	return tcp;
}

ssize_t zsim_tcp_send(zsim_tcp *tcp, const iovec *iov, int n)
{
	if (tcp->socket->IsConnecting() && !tcp->closing) {
		tcp->wants_space = true;
		return 0;
	}
	if (!tcp->socket->IsOpenForSend() || tcp->closing || tcp->over) {
		errno = EPIPE;
		return -1;
	}
	const size_t space = tcp->socket->GetTxAvailable();
	std::vector<uint8_t> bytes;
	for (int i = 0; i < std::min(n, max_iov); i++) {
		const uint8_t *base = static_cast<const uint8_t *>(iov[i].iov_base);
		const size_t take = std::min(iov[i].iov_len, space - bytes.size());
		bytes.insert(bytes.end(), base, base + take);
		if (take < iov[i].iov_len) {
			tcp->wants_space = true;
			break;
		}
	}
	if (!bytes.empty())
		tcp->socket->Write(Create<Packet>(bytes.data(), uint32_t(bytes.size())));
	return ssize_t(bytes.size());
}

ssize_t zsim_tcp_recv(zsim_tcp *tcp, void *buf, size_t size)
{
	const size_t max = size_t(1) << 30;
	return tcp->socket->Read(static_cast<uint8_t *>(buf), uint32_t(std::min(size, max)));
}

size_t zsim_tcp_unread(const zsim_tcp *tcp)
{
	return tcp->socket->Unread();
}

size_t zsim_tcp_space(const zsim_tcp *tcp)
{
	return tcp->socket->IsOpenForSend() ? tcp->socket->GetTxAvailable() : 0;
}

void zsim_tcp_shutdown(zsim_tcp *tcp)
{
	tcp->socket->Shutdown();
}

void zsim_tcp_close(zsim_tcp *tcp)
{
	if (tcp->closing)
		return;
	tcp->closing = true;
	if (!tcp->over)
		tcp->socket->CloseByUser();
}

void zsim_tcp_abort(zsim_tcp *tcp)
{
	tcp->closing = true;
	tcp->over = true;
	tcp->ops = {};
	tcp->socket->Abort();
}

void zsim_tcp_destroy(zsim_tcp *tcp)
{
	if (tcp == nullptr)
		return;
	zsim_tcp_close(tcp);
	tcp->ops = {};
	tcp->socket->SetWatcher(nullptr);
	tcp->host->sim->tcps.erase(Ptr<zsim_tcp>(tcp));
}

uint32_t zsim_tcp_local_ipv4(const zsim_tcp *tcp)
{
	return tcp->local_ipv4;
}

uint16_t zsim_tcp_local_port(const zsim_tcp *tcp)
{
	return tcp->local_port;
}

uint32_t zsim_tcp_peer_ipv4(const zsim_tcp *tcp)
{
	return tcp->peer_ipv4;
}

uint16_t zsim_tcp_peer_port(const zsim_tcp *tcp)
{
	return tcp->peer_port;
}

void zsim_tcp_set_ops(zsim_tcp *tcp, const zsim_tcp_ops *ops, void *user)
{
	tcp->ops = ops != nullptr ? *ops : zsim_tcp_ops{};
	tcp->user = user;
}

void zsim_tcp_set_user(zsim_tcp *tcp, void *user)
{
	tcp->user = user;
}

void *zsim_tcp_user(const zsim_tcp *tcp)
{
	return tcp->user;
}
