/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_SHIM_ROUTING_HH
#define ZSIM_SHIM_ROUTING_HH

#include <unordered_map>

#include <ns3/ipv4-route.h>
#include <ns3/ipv4-routing-protocol.h>

/*
 * The router's table: a host, a device. ns-3's static routing walks all interfaces and all routes
 * for each packet, which takes most of the time of a simulation with 1000 hosts.
 */
class StarRouting : public ns3::Ipv4RoutingProtocol
{
      public:
	static ns3::TypeId GetTypeId();

	void Add(ns3::Ipv4Address host, ns3::Ptr<ns3::NetDevice> device);

	ns3::Ptr<ns3::Ipv4Route> RouteOutput(ns3::Ptr<ns3::Packet> packet,
					     const ns3::Ipv4Header &header,
					     ns3::Ptr<ns3::NetDevice> device,
					     ns3::Socket::SocketErrno &error) override;
	bool RouteInput(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header &header,
			ns3::Ptr<const ns3::NetDevice> device, UnicastForwardCallback forward,
			MulticastForwardCallback, LocalDeliverCallback, ErrorCallback) override;
	void NotifyInterfaceUp(uint32_t) override
	{
	}
	void NotifyInterfaceDown(uint32_t) override
	{
	}
	void NotifyAddAddress(uint32_t, ns3::Ipv4InterfaceAddress) override
	{
	}
	void NotifyRemoveAddress(uint32_t, ns3::Ipv4InterfaceAddress) override
	{
	}
	void SetIpv4(ns3::Ptr<ns3::Ipv4>) override
	{
	}
	void PrintRoutingTable(ns3::Ptr<ns3::OutputStreamWrapper>, ns3::Time::Unit) const override
	{
	}

      private:
	void DoDispose() override;

	std::unordered_map<uint32_t, ns3::Ptr<ns3::Ipv4Route>> m_routes;
};

#endif
