/* SPDX-License-Identifier: MIT */
#include "sim/shim_impl.hh"

#include <cerrno>

#include <ns3/boolean.h>
#include <ns3/global-value.h>
#include <ns3/simulator.h>

using namespace ns3;

static constexpr uint32_t linktype_raw = 101;

static void write_packet(Ptr<PcapFileWrapper> file, Ptr<const Packet> frame)
{
	const Ptr<Packet> packet = frame->Copy();
	packet->RemoveAtStart(ppp_bytes);
	file->Write(Simulator::Now(), packet);
}

int zsim_pcap(zsim *sim, zsim_host *host, const char *path)
{
	if (sim->started || !sim->tcps.empty()) {
		errno = EBUSY;
		return -1;
	}
	if (host->pcap) {
		errno = EEXIST;
		return -1;
	}
	const Ptr<PcapFileWrapper> file = CreateObject<PcapFileWrapper>();
	file->SetAttribute("NanosecMode", BooleanValue(true));
	errno = 0;
	file->Open(path, std::ios::out | std::ios::binary | std::ios::trunc);
	if (file->Fail()) {
		errno = errno != 0 ? errno : EIO;
		return -1;
	}
	file->Init(linktype_raw);
	GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
	host->device[0]->TraceConnectWithoutContext("Sniffer",
						    MakeBoundCallback(&write_packet, file));
	host->pcap = file;
	return 0;
}
