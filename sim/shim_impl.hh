/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_SHIM_IMPL_HH
#define ZSIM_SHIM_IMPL_HH

#include <map>
#include <memory>
#include <set>

#include <ns3/drop-tail-queue.h>
#include <ns3/error-model.h>
#include <ns3/event-impl.h>
#include <ns3/ipv4.h>
#include <ns3/node.h>
#include <ns3/packet.h>
#include <ns3/pcap-file-wrapper.h>
#include <ns3/point-to-point-channel.h>
#include <ns3/point-to-point-net-device.h>
#include <ns3/random-variable-stream.h>
#include <ns3/simple-ref-count.h>

#include "sim/shim.h"
#include "sim/shim_routing.hh"
#include "sim/shim_socket.hh"

/* The bytes that a PointToPointNetDevice puts before an IP packet. */
constexpr uint32_t ppp_bytes = 2;

/* How far the scheduler goes. */
class RunLimit : public ns3::Object
{
      public:
	static ns3::TypeId GetTypeId();
	uint64_t last_ns = UINT64_MAX;
};

/* Loss and partition at one end of a link. */
class LinkErrors : public ns3::ErrorModel
{
      public:
	static ns3::TypeId GetTypeId();
	LinkErrors();
	void SetStream(int64_t stream)
	{
		m_random->SetStream(stream);
	}
	void SetLoss(double loss)
	{
		m_loss = loss;
	}
	void SetCut(bool cut)
	{
		m_cut = cut;
	}
	/* What this address sent is lost. */
	void SetCutFrom(uint32_t ipv4, bool cut)
	{
		if (cut)
			m_cut_from.insert(ipv4);
		else
			m_cut_from.erase(ipv4);
	}

	/* Of what this address sends, the number'th packet from now on is lost; one address only.
	 */
	void SetLoseFrom(uint32_t ipv4, uint32_t number)
	{
		m_lose_from = ipv4;
		m_lose_in = number;
	}

      private:
	bool DoCorrupt(ns3::Ptr<ns3::Packet> packet) override;
	void DoReset() override
	{
	}

	ns3::Ptr<ns3::UniformRandomVariable> m_random;
	double m_loss = 0;
	bool IsLostFrom(uint32_t ipv4);

	bool m_cut = false;
	std::set<uint32_t> m_cut_from;
	uint32_t m_lose_from = 0, m_lose_in = 0;
};

/* A link whose packets are late by chance, and stay in their order. */
class JitterChannel : public ns3::PointToPointChannel
{
      public:
	static ns3::TypeId GetTypeId();
	JitterChannel();
	void SetStream(int64_t stream)
	{
		m_random->SetStream(stream);
	}
	void SetJitter(int64_t ns)
	{
		m_jitter_ns = ns;
	}
	bool TransmitStart(ns3::Ptr<const ns3::Packet> packet,
			   ns3::Ptr<ns3::PointToPointNetDevice> source,
			   ns3::Time duration) override;

      private:
	ns3::Ptr<ns3::UniformRandomVariable> m_random;
	int64_t m_jitter_ns = 0;
	ns3::Time m_there_at[2]; /* when the last packet is at that end */
};

struct zsim_host {
	zsim *sim = nullptr;
	uint32_t ipv4 = 0;
	ns3::Ptr<ns3::Node> node;
	/* [0] is the host's end of the link, [1] the router's. */
	ns3::Ptr<ns3::PointToPointNetDevice> device[2];
	ns3::Ptr<ns3::DropTailQueue<ns3::Packet>> queue[2];
	ns3::Ptr<LinkErrors> errors[2];
	ns3::Ptr<JitterChannel> channel;
	ns3::Ptr<ns3::PcapFileWrapper> pcap;
	zsim_counters counters{};
};

/* Referred to by the simulation until closed, and by what is about to call accept. */
struct zsim_listener : ns3::SimpleRefCount<zsim_listener> {
	zsim_host *host = nullptr;
	ns3::Ptr<MendedTcpSocket> socket;
	zsim_accept_fn accept = nullptr;
	void *user = nullptr;
	bool closed = false;
};

/* Referred to by the simulation until destroyed, and by its callbacks under way. */
struct zsim_tcp final : ns3::SimpleRefCount<zsim_tcp, TcpWatcher> {
	zsim_host *host = nullptr;
	ns3::Ptr<MendedTcpSocket> socket;
	zsim_tcp_ops ops{};
	void *user = nullptr;
	uint32_t local_ipv4 = 0, peer_ipv4 = 0;
	uint16_t local_port = 0, peer_port = 0;
	bool wants_space = false; /* a send was cut short */
	bool readable_due = false, writable_due = false;
	bool closing = false; /* only the end is told */
	bool over = false;    /* an end other than EOF was seen */

	void Connected() override;
	void Readable() override;
	void Writable() override;
	void Ended(zsim_reason reason) override;

      private:
	void TellConnected();
	void TellReadable();
	void TellWritable();
	void TellClosed(zsim_reason reason);
};

struct zsim {
	zsim_config config{};
	ns3::Ptr<RunLimit> limit;
	ns3::Ptr<ns3::Node> router;
	ns3::Ptr<StarRouting> routes;
	int64_t next_stream = 0;
	bool started = false; /* packets may be under way */
	bool stopped = false; /* by zsim_stop, in this run */
	std::map<uint32_t, std::unique_ptr<zsim_host>> hosts;
	std::set<ns3::Ptr<zsim_listener>> listeners;
	std::set<ns3::Ptr<zsim_tcp>> tcps;
};

/* shim_time.cc: the scheduler that stops at sim->limit. */
void zsim_install_scheduler(zsim *sim);
/* shim_topo.cc */
void zsim_install_router(zsim *sim);

#endif
