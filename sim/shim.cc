/* SPDX-License-Identifier: MIT */
#include "sim/shim_impl.hh"

#include <cerrno>

#include <ns3/boolean.h>
#include <ns3/global-value.h>
#include <ns3/node-list.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>

using namespace ns3;

/* Puts the default for 0; false when the value is out of range. */
static bool settle(uint32_t &value, uint32_t usual, uint32_t min, uint32_t max)
{
	if (value == 0)
		value = usual;
	return value >= min && value <= max;
}

static bool settle_config(zsim_config &config)
{
	const uint32_t max_buf = 1U << 28;
	const uint32_t usual_buf = 256U << 10;

	return settle(config.mtu, 1500, 576, 65535) &&
	       settle(config.sndbuf, usual_buf, 4096, max_buf) &&
	       settle(config.rcvbuf, usual_buf, 4096, max_buf) &&
	       settle(config.syn_tries, 7, 1, 16) && settle(config.data_tries, 15, 1, 100);
}

zsim *zsim_new(const zsim_config *config)
{
	zsim_config settled = config != nullptr ? *config : zsim_config{};

	if (!settle_config(settled)) {
		errno = EINVAL;
		return nullptr;
	}
	/* Each simulation has a router: a node tells that one lives, without a global of ours. */
	if (NodeList::GetNNodes() > 0) {
		errno = EBUSY;
		return nullptr;
	}
	/* What outlives a simulation in ns-3 is set anew for each. */
	RngSeedManager::SetSeed(1);
	RngSeedManager::SetRun(settled.seed);
	GlobalValue::Bind("ChecksumEnabled", BooleanValue(false));

	zsim *sim = new zsim;
	sim->config = settled;
	zsim_install_scheduler(sim);
	zsim_install_router(sim);
	return sim;
}

void zsim_free(zsim *sim)
{
	if (sim == nullptr)
		return;
	for (const Ptr<zsim_tcp> &tcp : sim->tcps)
		tcp->socket->Vanish();
	for (const Ptr<zsim_listener> &listener : sim->listeners)
		listener->socket->Vanish();
	sim->limit->last_ns = UINT64_MAX; /* the scheduler shall give back all its events */
	Simulator::Destroy();
	delete sim;
}

const char *zsim_reason_name(zsim_reason reason)
{
	switch (reason) {
	case ZSIM_EOF:
		return "eof";
	case ZSIM_RESET:
		return "reset";
	case ZSIM_REFUSED:
		return "refused";
	case ZSIM_TIMEDOUT:
		return "timedout";
	case ZSIM_LOCAL:
		return "local";
	}
	return "?";
}
