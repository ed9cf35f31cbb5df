/* SPDX-License-Identifier: MIT */
#include "sim/shim_impl.hh"

#include <algorithm>

#include <ns3/map-scheduler.h>
#include <ns3/object-factory.h>
#include <ns3/pointer.h>
#include <ns3/simulator.h>

using namespace ns3;

TypeId RunLimit::GetTypeId()
{
	static TypeId tid = TypeId("ZsimRunLimit").SetParent<Object>().AddConstructor<RunLimit>();
	return tid;
}

namespace
{

/*
 * ns-3's default scheduler, which looks empty when only events after the limit remain: so a run
 * does all that is due at its last nanosecond, and an idle simulation does not run on to it.
 * Cancelled events, which ns-3 leaves to run as nothing, are taken out when they come up.
 */
class LimitedScheduler : public MapScheduler
{
      public:
	static TypeId GetTypeId()
	{
		static TypeId tid =
			TypeId("ZsimLimitedScheduler")
				.SetParent<MapScheduler>()
				.AddConstructor<LimitedScheduler>()
				.AddAttribute("Limit", "How far a run goes.", PointerValue(),
					      MakePointerAccessor(&LimitedScheduler::m_limit),
					      MakePointerChecker<RunLimit>());
		return tid;
	}

	bool IsEmpty() const override
	{
		return DropCancelled() || PeekNext().key.m_ts > m_limit->last_ns;
	}

      private:
	/* True when nothing is left at all. */
	bool DropCancelled() const
	{
		auto *self = const_cast<LimitedScheduler *>(this);
		while (!MapScheduler::IsEmpty()) {
			EventImpl *next = PeekNext().impl;
			if (!next->IsCancelled())
				return false;
			self->RemoveNext();
			next->Unref();
		}
		return true;
	}

	Ptr<RunLimit> m_limit;
};

} // namespace

struct zsim_event final : EventImpl {
	zsim_event(void (*fn_)(void *), void *arg_) : fn(fn_), arg(arg_)
	{
	}

	void (*fn)(void *);
	void *arg;
	/* Where it is scheduled; an EventId here would refer to its own event for ever. */
	uint64_t ts = 0;
	uint32_t context = 0, uid = 0;

      private:
	void Notify() override
	{
		fn(arg);
	}
};

void zsim_install_scheduler(zsim *sim)
{
	ObjectFactory factory;

	sim->limit = CreateObject<RunLimit>();
	factory.SetTypeId(LimitedScheduler::GetTypeId());
	factory.Set("Limit", PointerValue(sim->limit));
	Simulator::SetScheduler(factory);
}

int64_t zsim_now(const zsim *)
{
	return Simulator::Now().GetNanoSeconds();
}

zsim_event *zsim_at(zsim *sim, int64_t when_ns, void (*fn)(void *arg), void *arg)
{
	const int64_t delay = std::max<int64_t>(when_ns - zsim_now(sim), 0);
	Ptr<zsim_event> event(new zsim_event(fn, arg), false);
	const EventId id = Simulator::Schedule(NanoSeconds(delay), event);

	event->ts = id.GetTs();
	event->context = id.GetContext();
	event->uid = id.GetUid();
	return PeekPointer(event);
}

void zsim_cancel(zsim_event *event)
{
	if (event == nullptr)
		return;
	Simulator::Remove(EventId(Ptr<EventImpl>(event), event->ts, event->context, event->uid));
}

zsim_end zsim_run_until(zsim *sim, int64_t when_ns)
{
	if (when_ns < zsim_now(sim))
		return ZSIM_TIME;
	sim->started = true;
	sim->stopped = false;
	sim->limit->last_ns = when_ns == ZSIM_FOREVER ? UINT64_MAX : uint64_t(when_ns);
	Simulator::Run();
	if (sim->stopped)
		return ZSIM_STOPPED;
	sim->limit->last_ns = UINT64_MAX;
	if (Simulator::IsFinished())
		return ZSIM_IDLE;
	/* Only an event moves ns-3's clock. */
	sim->limit->last_ns = uint64_t(when_ns);
	Simulator::Schedule(NanoSeconds(when_ns - zsim_now(sim)), [] {});
	Simulator::Run();
	return ZSIM_TIME;
}

void zsim_stop(zsim *sim)
{
	sim->stopped = true;
	Simulator::Stop();
}
