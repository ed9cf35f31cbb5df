/* SPDX-License-Identifier: MIT */
#include "sim/shim_routing.hh"

#include <ns3/ipv4-header.h>
#include <ns3/net-device.h>
#include <ns3/packet.h>

using namespace ns3;

TypeId StarRouting::GetTypeId()
{
	static TypeId tid = TypeId("ZsimStarRouting")
				    .SetParent<Ipv4RoutingProtocol>()
				    .AddConstructor<StarRouting>();
	return tid;
}

void StarRouting::Add(Ipv4Address host, Ptr<NetDevice> device)
{
	const Ptr<Ipv4Route> route = Create<Ipv4Route>();

	route->SetDestination(host);
	route->SetGateway(Ipv4Address::GetZero());
	route->SetOutputDevice(device);
	m_routes[host.Get()] = route;
}

/* The router itself has nothing to say. */
Ptr<Ipv4Route> StarRouting::RouteOutput(Ptr<Packet>, const Ipv4Header &, Ptr<NetDevice>,
					Socket::SocketErrno &error)
{
	error = Socket::ERROR_NOROUTETOHOST;
	return nullptr;
}

bool StarRouting::RouteInput(Ptr<const Packet> packet, const Ipv4Header &header,
			     Ptr<const NetDevice>, UnicastForwardCallback forward,
			     MulticastForwardCallback, LocalDeliverCallback, ErrorCallback)
{
	const auto found = m_routes.find(header.GetDestination().Get());

	if (found == m_routes.end())
		return false;
	forward(found->second, packet, header);
	return true;
}

void StarRouting::DoDispose()
{
	m_routes.clear();
	Ipv4RoutingProtocol::DoDispose();
}
