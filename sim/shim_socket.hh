/* SPDX-License-Identifier: MIT */
#ifndef ZSIM_SHIM_SOCKET_HH
#define ZSIM_SHIM_SOCKET_HH

#include <functional>

#include <ns3/tcp-header.h>
#include <ns3/tcp-socket-base.h>

#include "sim/shim.h"

/* What a socket tells its owner, from inside TCP's code: the owner defers it. */
class TcpWatcher
{
      public:
	virtual ~TcpWatcher() = default;
	virtual void Connected() = 0;
	virtual void Readable() = 0;
	virtual void Writable() = 0;
	virtual void Ended(zsim_reason reason) = 0;
};

/*
 * ns-3's TCP, mended where it differs from a kernel's in what a program sees. Segments are looked
 * at before ns-3's state machine sees them, and its state before and after is compared to tell the
 * watcher what happened; none of ns-3's own notifications is used.
 */
class MendedTcpSocket : public ns3::TcpSocketBase
{
      public:
	using Acceptor = std::function<void(ns3::Ptr<MendedTcpSocket>)>;

	static ns3::TypeId GetTypeId();
	ns3::TypeId GetInstanceTypeId() const override;

	MendedTcpSocket() = default;
	MendedTcpSocket(const MendedTcpSocket &listener);

	void SetWatcher(TcpWatcher *watcher)
	{
		m_watcher = watcher;
	}
	void SetAcceptor(Acceptor acceptor)
	{
		m_acceptor = std::move(acceptor);
	}

	bool IsOpenForSend() const; /* synchronized, and the FIN is not asked for */
	bool IsConnecting() const
	{
		return m_state == SYN_SENT;
	}
	bool IsOver() const
	{
		return m_state == CLOSED || m_state == TIME_WAIT;
	}
	uint32_t Unread() const;

	void Write(ns3::Ptr<ns3::Packet> packet); /* not more than GetTxAvailable() */
	uint32_t Read(uint8_t *buf, uint32_t size);
	void Shutdown();
	void CloseByUser(); /* the watcher hears of the end only */
	void Abort();	    /* the watcher hears nothing */
	void Vanish();	    /* no packet, and the watcher hears nothing */

      protected:
	ns3::Ptr<ns3::TcpSocketBase> Fork() override;
	void DoForwardUp(ns3::Ptr<ns3::Packet> packet, const ns3::Address &from,
			 const ns3::Address &to) override;
	void SendEmptyPacket(uint8_t flags) override;
	void ReTxTimeout() override;
	void PersistTimeout() override;

      private:
	struct Segment {
		ns3::Ptr<ns3::Packet> packet; /* with its TCP header */
		ns3::TcpHeader header;
		ns3::Address from, to;
		uint32_t payload;
		bool Has(uint8_t flag) const
		{
			return (header.GetFlags() & flag) != 0;
		}
	};
	struct Snapshot {
		TcpStates_t state;
		uint32_t unread, space;
		bool finished;
	};

	bool IsSynchronized() const
	{
		return m_state >= ESTABLISHED && m_state <= CLOSING;
	}
	bool IsFinAcked(const Segment &segment) const;
	Snapshot Look() const;

	bool Intercept(Segment &segment);
	bool InterceptListen(const Segment &segment);
	bool InterceptSynSent(const Segment &segment);
	bool InterceptTimeWait(const Segment &segment);
	bool InterceptSynchronized(Segment &segment);
	bool InterceptReset(const Segment &segment);
	void Report(const Snapshot &before);
	void ProbeIfStuck();
	void SendFinIfDue();
	void Linger(); /* lives until what is due at this time is done */
	void ReplyReset(const Segment &segment) const;
	void Redeliver(const Segment &segment) const;
	void End(zsim_reason reason);
	void EndByReset();
	void TellEnd(zsim_reason reason);

	TcpWatcher *m_watcher = nullptr;
	Acceptor m_acceptor;
	bool m_finWanted = false;
	bool m_userGone = false;
	uint32_t m_finTries = 0;
	uint32_t m_probes = 0;	  /* of a zero window, unanswered */
	uint32_t m_quickAcks = 0; /* segments acknowledged at once so far */
};

#endif
