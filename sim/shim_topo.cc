/* SPDX-License-Identifier: MIT */
#include "sim/shim_impl.hh"

#include <cerrno>
#include <string>

#include <ns3/data-rate.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-static-routing-helper.h>
#include <ns3/ipv4-static-routing.h>
#include <ns3/ipv4-header.h>
#include <ns3/nstime.h>
#include <ns3/object-vector.h>
#include <ns3/ppp-header.h>
#include <ns3/queue-size.h>
#include <ns3/simulator.h>
#include <ns3/tcp-l4-protocol.h>

using namespace ns3;

namespace
{
constexpr uint32_t usual_queue = 1000;
constexpr uint32_t host_queue = UINT32_MAX; /* in effect without limit */
constexpr int64_t max_latency_ns = int64_t(1000) * 1000 * 1000 * 1000;
/* On every interface of the router; no host can have it, and no packet goes there. */
constexpr uint32_t router_ipv4 = 1;

bool is_host_address(uint32_t ipv4)
{
	const uint32_t net = ipv4 >> 24;
	return net != 0 && net != 127 && net < 224;
}

bool is_valid_link(const zsim_link *link)
{
	return link != nullptr && link->latency_ns >= 0 && link->latency_ns <= max_latency_ns &&
	       link->jitter_ns >= 0 && link->jitter_ns <= max_latency_ns &&
	       link->bandwidth_bps > 0 && link->loss >= 0 && link->loss <= 1;
}

void count(uint64_t &packets, uint64_t &bytes, uint32_t frame_bytes)
{
	packets++;
	bytes += frame_bytes - ppp_bytes;
}

void count_sent(zsim_host *host, Ptr<const Packet> frame)
{
	count(host->counters.sent_packets, host->counters.sent_bytes, frame->GetSize());
}

void count_received(zsim_host *host, Ptr<const Packet> frame)
{
	count(host->counters.received_packets, host->counters.received_bytes, frame->GetSize());
}

void count_dropped(zsim_host *host, Ptr<const Packet> frame)
{
	count(host->counters.dropped_packets, host->counters.dropped_bytes, frame->GetSize());
}

void add_end(zsim_host *host, int end, const Ptr<Node> &node)
{
	const Ptr<PointToPointNetDevice> device = CreateObject<PointToPointNetDevice>();
	const Ptr<DropTailQueue<Packet>> queue = CreateObject<DropTailQueue<Packet>>();
	const Ptr<LinkErrors> errors = CreateObject<LinkErrors>();

	queue->SetMaxSize(QueueSize(QueueSizeUnit::PACKETS, host_queue));
	errors->SetStream(host->sim->next_stream++);
	device->SetAddress(Mac48Address::Allocate());
	device->SetMtu(host->sim->config.mtu);
	device->SetQueue(queue);
	device->SetReceiveErrorModel(errors);
	device->Attach(host->channel);
	device->TraceConnectWithoutContext("PhyRxDrop", MakeBoundCallback(&count_dropped, host));
	queue->TraceConnectWithoutContext("Drop", MakeBoundCallback(&count_dropped, host));
	node->AddDevice(device);
	host->device[end] = device;
	host->queue[end] = queue;
	host->errors[end] = errors;
}

/* Gives the device an IP interface with the address and returns the interface's number. */
uint32_t add_interface(const Ptr<Node> &node, const Ptr<NetDevice> &device, uint32_t ipv4)
{
	const Ptr<Ipv4> ip = node->GetObject<Ipv4>();
	const uint32_t number = ip->AddInterface(device);

	ip->AddAddress(number, Ipv4InterfaceAddress(Ipv4Address(ipv4), Ipv4Mask::GetOnes()));
	ip->SetUp(number);
	return number;
}

void apply_link(zsim_host *host, const zsim_link *link)
{
	const uint32_t packets = link->queue_packets != 0 ? link->queue_packets : usual_queue;

	host->channel->SetAttribute("Delay", TimeValue(NanoSeconds(link->latency_ns)));
	host->channel->SetJitter(link->jitter_ns);
	host->queue[1]->SetMaxSize(QueueSize(QueueSizeUnit::PACKETS, packets));
	for (int end = 0; end < 2; end++) {
		host->device[end]->SetDataRate(DataRate(link->bandwidth_bps));
		host->errors[end]->SetLoss(link->loss);
	}
}

} // namespace

TypeId JitterChannel::GetTypeId()
{
	static TypeId tid = TypeId("ZsimJitterChannel")
				    .SetParent<PointToPointChannel>()
				    .AddConstructor<JitterChannel>();
	return tid;
}

JitterChannel::JitterChannel() : m_random(CreateObject<UniformRandomVariable>())
{
}

bool JitterChannel::TransmitStart(Ptr<const Packet> packet, Ptr<PointToPointNetDevice> source,
				  Time duration)
{
	const int to = GetPointToPointDevice(0) == source ? 1 : 0;
	const Ptr<PointToPointNetDevice> device = GetPointToPointDevice(to);
	const Time now = Simulator::Now();

	/* Also without jitter: what was sent while there was some stays before what follows. */
	Time there = now + duration + GetDelay();
	if (m_jitter_ns > 0)
		there += NanoSeconds(int64_t(m_random->GetValue(0, double(m_jitter_ns))));
	if (there < m_there_at[to] && m_jitter_ns > 0)
		there = m_there_at[to];
	m_there_at[to] = there;
	Simulator::ScheduleWithContext(device->GetNode()->GetId(), there - now,
				       &PointToPointNetDevice::Receive, device, packet->Copy());
	return true;
}

TypeId LinkErrors::GetTypeId()
{
	static TypeId tid =
		TypeId("ZsimLinkErrors").SetParent<ErrorModel>().AddConstructor<LinkErrors>();
	return tid;
}

LinkErrors::LinkErrors() : m_random(CreateObject<UniformRandomVariable>())
{
}

static uint32_t source_of(const Ptr<Packet> &packet)
{
	Ptr<Packet> copy = packet->Copy();
	PppHeader ppp;
	Ipv4Header header;

	copy->RemoveHeader(ppp);
	copy->PeekHeader(header);
	return header.GetSource().Get();
}

bool LinkErrors::IsLostFrom(uint32_t ipv4)
{
	return m_cut_from.count(ipv4) > 0 ||
	       (m_lose_in > 0 && ipv4 == m_lose_from && --m_lose_in == 0);
}

bool LinkErrors::DoCorrupt(Ptr<Packet> packet)
{
	if ((m_lose_in > 0 || !m_cut_from.empty()) && IsLostFrom(source_of(packet)))
		return true;
	/* No number is drawn on a link without loss, so that such links cost nothing. */
	return m_cut || (m_loss > 0 && m_random->GetValue() < m_loss);
}

static void install_stack(zsim *sim, const Ptr<Node> &node)
{
	InternetStackHelper stack;

	stack.SetIpv6StackInstall(false);
	stack.SetIpv4ArpJitter(false);
	stack.SetRoutingHelper(Ipv4StaticRoutingHelper());
	stack.Install(node);
	sim->next_stream += stack.AssignStreams(NodeContainer(node), sim->next_stream);
}

void zsim_install_router(zsim *sim)
{
	sim->router = CreateObject<Node>();
	sim->routes = CreateObject<StarRouting>();
	install_stack(sim, sim->router);
	sim->router->GetObject<Ipv4>()->SetRoutingProtocol(sim->routes);
}

zsim_host *zsim_host_add(zsim *sim, uint32_t ipv4, const zsim_link *link)
{
	if (!is_host_address(ipv4) || !is_valid_link(link)) {
		errno = EINVAL;
		return nullptr;
	}
	std::unique_ptr<zsim_host> &slot = sim->hosts[ipv4];
	if (slot) {
		errno = EEXIST;
		return nullptr;
	}
	slot = std::make_unique<zsim_host>();
	zsim_host *host = slot.get();
	host->sim = sim;
	host->ipv4 = ipv4;
	host->node = CreateObject<Node>();
	install_stack(sim, host->node);
	host->channel = CreateObject<JitterChannel>();
	host->channel->SetStream(sim->next_stream++);
	add_end(host, 0, host->node);
	add_end(host, 1, sim->router);
	apply_link(host, link);

	Ipv4StaticRoutingHelper routing;
	const uint32_t out = add_interface(host->node, host->device[0], ipv4);
	routing.GetStaticRouting(host->node->GetObject<Ipv4>())
		->SetDefaultRoute(Ipv4Address(router_ipv4), out);
	add_interface(sim->router, host->device[1], router_ipv4);
	sim->routes->Add(Ipv4Address(ipv4), host->device[1]);

	host->device[0]->TraceConnectWithoutContext("PhyTxBegin",
						    MakeBoundCallback(&count_sent, host));
	host->device[0]->TraceConnectWithoutContext("PhyRxEnd",
						    MakeBoundCallback(&count_received, host));
	return host;
}

uint32_t zsim_host_ipv4(const zsim_host *host)
{
	return host->ipv4;
}

int zsim_host_set_link(zsim_host *host, const zsim_link *link)
{
	if (!is_valid_link(link)) {
		errno = EINVAL;
		return -1;
	}
	apply_link(host, link);
	return 0;
}

void zsim_host_partition(zsim_host *host, bool cut)
{
	host->errors[0]->SetCut(cut);
	host->errors[1]->SetCut(cut);
}

void zsim_path_partition(zsim_host *a, zsim_host *b, bool cut)
{
	a->errors[0]->SetCutFrom(b->ipv4, cut);
	b->errors[0]->SetCutFrom(a->ipv4, cut);
}

void zsim_path_lose(zsim_host *from, zsim_host *to, uint32_t number)
{
	to->errors[0]->SetLoseFrom(from->ipv4, number);
}

void zsim_host_crash(zsim_host *host)
{
	ObjectVectorValue sockets;

	host->node->GetObject<TcpL4Protocol>()->GetAttribute("SocketList", sockets);
	for (auto it = sockets.Begin(); it != sockets.End(); ++it)
		DynamicCast<MendedTcpSocket>(it->second)->Vanish();
	for (const Ptr<zsim_tcp> &tcp : host->sim->tcps) {
		if (tcp->host != host)
			continue;
		tcp->over = true;
		tcp->ops = {};
	}
	auto &listeners = host->sim->listeners;
	for (auto it = listeners.begin(); it != listeners.end();) {
		const bool ours = (*it)->host == host;
		if (ours)
			(*it)->closed = true;
		it = ours ? listeners.erase(it) : std::next(it);
	}
}

void zsim_host_counters(const zsim_host *host, zsim_counters *counters)
{
	*counters = host->counters;
}
