/* SPDX-License-Identifier: MIT */
#include "sim/shim_socket.hh"

#include <algorithm>

#include <ns3/inet-socket-address.h>
#include <ns3/ipv4-header.h>
#include <ns3/ipv4-interface.h>
#include <ns3/ipv4-l3-protocol.h>
#include <ns3/node.h>
#include <ns3/simulator.h>
#include <ns3/tcp-l4-protocol.h>
#include <ns3/tcp-rx-buffer.h>
#include <ns3/tcp-tx-buffer.h>

using namespace ns3;

namespace
{
constexpr uint32_t quick_acks = 16; /* as Linux: the first segments are acknowledged at once */
constexpr int64_t first_probe_ms = 200;
constexpr int64_t max_rto_s = 60;
} // namespace

TypeId MendedTcpSocket::GetTypeId()
{
	static TypeId tid = TypeId("MendedTcpSocket")
				    .SetParent<TcpSocketBase>()
				    .SetGroupName("Internet")
				    .AddConstructor<MendedTcpSocket>();
	return tid;
}

TypeId MendedTcpSocket::GetInstanceTypeId() const
{
	return GetTypeId();
}

MendedTcpSocket::MendedTcpSocket(const MendedTcpSocket &listener)
    : TcpSocketBase(listener), m_acceptor(listener.m_acceptor)
{
}

Ptr<TcpSocketBase> MendedTcpSocket::Fork()
{
	return CopyObject<MendedTcpSocket>(this);
}

bool MendedTcpSocket::IsOpenForSend() const
{
	return (m_state == ESTABLISHED || m_state == CLOSE_WAIT) && !m_finWanted;
}

uint32_t MendedTcpSocket::Unread() const
{
	return m_tcb->m_rxBuffer->Available();
}

/* ns-3 sends a nanosecond after the call; a kernel in it, so that a RST right after comes later. */
void MendedTcpSocket::Write(Ptr<Packet> packet)
{
	Send(packet, 0);
	if (m_sendPendingDataEvent.IsRunning()) {
		m_sendPendingDataEvent.Cancel();
		SendPendingData(m_connected);
	}
	ProbeIfStuck();
}

/*
 * ns-3 probes only a window of 0, and only when the segment that closed it comes. A window below
 * a segment holds data back as well, and what opens it may get lost.
 */
void MendedTcpSocket::ProbeIfStuck()
{
	const uint32_t unsent = m_txBuffer->SizeFromSequence(m_tcb->m_nextTxSequence);

	if (!IsSynchronized() || unsent == 0 || m_persistEvent.IsRunning() || BytesInFlight() > 0 ||
	    m_rWnd.Get() >= std::min(unsent, m_tcb->m_segmentSize))
		return;
	m_retxEvent.Cancel(); /* nothing is out */
	m_persistEvent =
		Simulator::Schedule(m_persistTimeout, &MendedTcpSocket::PersistTimeout, this);
}

uint32_t MendedTcpSocket::Read(uint8_t *buf, uint32_t size)
{
	uint32_t done = 0;
	/* Segment by segment: ns-3 joins what one call takes, at a cost of its square. */
	while (done < size && Unread() > 0) {
		Ptr<Packet> packet = Recv(std::min(size - done, m_tcb->m_segmentSize), 0);
		done += packet->CopyData(buf + done, packet->GetSize());
	}
	/* ns-3 never says that a window has opened; Linux says so when it has doubled. */
	const Ptr<TcpRxBuffer> rx = m_tcb->m_rxBuffer;
	if (done == 0 || !IsSynchronized() || rx->GotFin())
		return done;
	const uint32_t window = rx->MaxRxSequence() - rx->NextRxSequence();
	if (window >= 2 * m_advWnd.Get() && window >= m_tcb->m_segmentSize)
		SendEmptyPacket(TcpHeader::ACK);
	return done;
}

void MendedTcpSocket::Shutdown()
{
	m_finWanted = true;
	SendFinIfDue();
}

void MendedTcpSocket::CloseByUser()
{
	if (m_userGone)
		return;
	m_userGone = true;
	if (m_state == SYN_SENT) {
		End(ZSIM_LOCAL);
	} else if (IsSynchronized() && Unread() > 0) {
		SendEmptyPacket(TcpHeader::RST);
		End(ZSIM_LOCAL);
	} else {
		Shutdown();
		if (IsOver() || m_state == FIN_WAIT_2)
			TellEnd(ZSIM_LOCAL);
	}
}

void MendedTcpSocket::Abort()
{
	m_watcher = nullptr;
	if (IsSynchronized() || m_state == SYN_RCVD)
		SendEmptyPacket(TcpHeader::RST);
	Vanish();
}

/* ns-3 tells of what was sent in an event of its own, for a socket that it does not refer to. */
void MendedTcpSocket::Linger()
{
	Ptr<MendedTcpSocket> keep(this);
	Simulator::ScheduleNow([keep] {});
}

void MendedTcpSocket::Vanish()
{
	Ptr<MendedTcpSocket> keep(this);
	Linger();
	m_watcher = nullptr;
	m_acceptor = nullptr;
	m_state = CLOSED;
	DeallocateEndPoint();
}

/* The end of the connection, for a reason that ns-3 does not know. */
void MendedTcpSocket::End(zsim_reason reason)
{
	Ptr<MendedTcpSocket> keep(this);
	Linger();
	m_state = CLOSED;
	DeallocateEndPoint();
	TellEnd(reason);
}

/*
 * With both FINs seen and all data acknowledged, a RST only says that the peer has forgotten us
 * since: its TIME_WAIT lasts 2 s here, not Linux's minute.
 */
void MendedTcpSocket::EndByReset()
{
	if (m_state != LAST_ACK && m_state != CLOSING)
		End(ZSIM_RESET);
	else if (m_userGone)
		End(ZSIM_LOCAL);
	else
		Vanish();
}

void MendedTcpSocket::TellEnd(zsim_reason reason)
{
	if (m_watcher == nullptr)
		return;
	TcpWatcher *watcher = m_watcher;
	if (reason != ZSIM_EOF)
		m_watcher = nullptr;
	watcher->Ended(reason);
}

MendedTcpSocket::Snapshot MendedTcpSocket::Look() const
{
	return {m_state, Unread(), m_txBuffer->Available(), m_tcb->m_rxBuffer->Finished()};
}

void MendedTcpSocket::DoForwardUp(Ptr<Packet> packet, const Address &from, const Address &to)
{
	Ptr<MendedTcpSocket> keep(this); /* the end point may go, and our last reference with it */
	Segment segment{packet, {}, from, to, 0};
	const uint32_t header_size = packet->PeekHeader(segment.header);
	segment.payload = packet->GetSize() - header_size;

	m_probes = 0;
	if (Intercept(segment))
		return;
	if (segment.payload > 0 && m_quickAcks < quick_acks) {
		m_quickAcks++;
		m_delAckCount = m_delAckMaxCount;
	}

	const Snapshot before = Look();
	TcpSocketBase::DoForwardUp(segment.packet->Copy(), from, to);
	if (m_rWnd.Get() >= m_tcb->m_segmentSize)
		m_persistTimeout = MilliSeconds(first_probe_ms);
	if (before.state == CLOSING && m_state == TIME_WAIT)
		++m_tcb->m_nextTxSequence; /* ns-3 forgets that the FIN is acknowledged */
	Report(before);
	ProbeIfStuck();
	SendFinIfDue();
}

/* True when the segment is dealt with. */
bool MendedTcpSocket::Intercept(Segment &segment)
{
	switch (m_state) {
	case CLOSED:
		return false;
	case LISTEN:
		return InterceptListen(segment);
	case SYN_SENT:
		return InterceptSynSent(segment);
	case SYN_RCVD:
		if (!segment.Has(TcpHeader::RST))
			return false;
		if (segment.header.GetSequenceNumber() == m_tcb->m_rxBuffer->NextRxSequence())
			Vanish();
		return true;
	case TIME_WAIT:
		return InterceptTimeWait(segment);
	default:
		return InterceptSynchronized(segment);
	}
}

/* ns-3 finds the listener also for segments of connections that are gone, and ignores them. */
bool MendedTcpSocket::InterceptListen(const Segment &segment)
{
	if (segment.Has(TcpHeader::RST))
		return true;
	if (segment.Has(TcpHeader::ACK)) {
		ReplyReset(segment);
		return true;
	}
	return !segment.Has(TcpHeader::SYN);
}

bool MendedTcpSocket::InterceptSynSent(const Segment &segment)
{
	const bool acks_syn =
		segment.Has(TcpHeader::ACK) &&
		segment.header.GetAckNumber() == m_tcb->m_nextTxSequence + SequenceNumber32(1);
	if (segment.Has(TcpHeader::RST)) {
		if (acks_syn)
			End(ZSIM_REFUSED);
		return true;
	}
	/* The peer still has a connection of our earlier life: it shall give it up. */
	if (segment.Has(TcpHeader::ACK) && !segment.Has(TcpHeader::SYN)) {
		ReplyReset(segment);
		return true;
	}
	return false;
}

bool MendedTcpSocket::InterceptTimeWait(const Segment &segment)
{
	if (segment.Has(TcpHeader::RST))
		return true;
	if (segment.Has(TcpHeader::SYN) && !segment.Has(TcpHeader::ACK)) {
		Redeliver(segment);
		Vanish();
	} else if (segment.Has(TcpHeader::FIN)) {
		SendEmptyPacket(TcpHeader::ACK); /* ours was lost */
	}
	return true;
}

bool MendedTcpSocket::InterceptSynchronized(Segment &segment)
{
	if (segment.Has(TcpHeader::RST))
		return InterceptReset(segment);
	if (segment.Has(TcpHeader::SYN)) {
		SendEmptyPacket(TcpHeader::ACK); /* our ACK was lost, or the peer has restarted */
		return true;
	}
	const SequenceNumber32 next = m_tcb->m_rxBuffer->NextRxSequence();
	const SequenceNumber32 tail =
		segment.header.GetSequenceNumber() + SequenceNumber32(segment.payload);
	if (m_userGone && segment.payload > 0 && tail > next) {
		SendEmptyPacket(TcpHeader::RST); /* nobody will read it */
		End(ZSIM_LOCAL);
		return true;
	}
	if (segment.Has(TcpHeader::FIN) && m_tcb->m_rxBuffer->Finished()) {
		SendEmptyPacket(
			TcpHeader::ACK); /* ours was lost; what the FIN acknowledges counts */
		segment.packet->RemoveHeader(segment.header);
		segment.header.SetFlags(segment.header.GetFlags() & ~TcpHeader::FIN);
		segment.packet->AddHeader(segment.header);
	}
	/* ns-3 takes any ACK here for that of the FIN. */
	return (m_state == LAST_ACK || m_state == CLOSING) && !IsFinAcked(segment);
}

/* RFC 5961: only the very next sequence number resets; others in the window are asked about. */
bool MendedTcpSocket::InterceptReset(const Segment &segment)
{
	const SequenceNumber32 next = m_tcb->m_rxBuffer->NextRxSequence();
	const SequenceNumber32 seq = segment.header.GetSequenceNumber();
	/* To a segment without ACK (ns-3's probes of a closed window) the reply has sequence 0. */
	const bool of_probe = segment.Has(TcpHeader::ACK) &&
			      segment.header.GetAckNumber() > m_txBuffer->HeadSequence();
	if (seq == next || of_probe)
		EndByReset();
	else if (seq > next)
		SendEmptyPacket(TcpHeader::ACK);
	return true;
}

bool MendedTcpSocket::IsFinAcked(const Segment &segment) const
{
	return segment.Has(TcpHeader::ACK) &&
	       segment.header.GetAckNumber() == m_tcb->m_highTxMark.Get() + SequenceNumber32(1);
}

void MendedTcpSocket::Report(const Snapshot &before)
{
	const Snapshot now = Look();
	const bool opened = now.state >= ESTABLISHED && now.state != LAST_STATE;

	if (before.state == SYN_RCVD && opened && m_acceptor) {
		const Acceptor acceptor = std::move(m_acceptor);
		m_acceptor = nullptr;
		acceptor(this);
	} else if ((before.state == SYN_SENT || before.state == SYN_RCVD) && opened && m_watcher) {
		m_watcher->Connected();
	}
	if (m_watcher && now.unread > before.unread)
		m_watcher->Readable();
	if (m_watcher && now.space > before.space && now.space >= m_txBuffer->MaxBufferSize() / 3)
		m_watcher->Writable();
	if (now.finished && !before.finished)
		TellEnd(ZSIM_EOF);
	if (m_userGone && (IsOver() || m_state == FIN_WAIT_2))
		TellEnd(ZSIM_LOCAL);
	else if (now.state == CLOSED && before.state != CLOSED && before.state != LAST_ACK)
		TellEnd(ZSIM_RESET);
}

/* Never on data: two FINs on data that cross wedge ns-3. */
void MendedTcpSocket::SendFinIfDue()
{
	if (m_finWanted && m_finTries == 0 && m_txBuffer->Size() == 0 &&
	    (m_state == ESTABLISHED || m_state == CLOSE_WAIT))
		DoClose();
}

void MendedTcpSocket::SendEmptyPacket(uint8_t flags)
{
	Ptr<MendedTcpSocket> keep(this);
	if ((flags & TcpHeader::SYN) && m_synCount == 0) {
		End(ZSIM_TIMEDOUT);
		return;
	}
	if ((flags & TcpHeader::FIN) && m_finTries++ > m_dataRetries) {
		End(ZSIM_TIMEDOUT);
		return;
	}
	/* A retransmission sets the next sequence number back; a RST there would be ignored. */
	if (flags & TcpHeader::RST)
		m_tcb->m_nextTxSequence =
			std::max(m_tcb->m_nextTxSequence.Get(), m_tcb->m_highTxMark.Get());
	TcpSocketBase::SendEmptyPacket(flags);

	/* ns-3 repeats a FIN for ever, without backing off. */
	if ((flags & TcpHeader::FIN) && m_retxEvent.IsRunning()) {
		const int64_t factor = int64_t(1) << std::min<uint32_t>(m_finTries - 1, 20);
		const Time wait =
			Min(NanoSeconds(m_rto.Get().GetNanoSeconds() * factor), Seconds(max_rto_s));
		m_retxEvent.Cancel();
		m_retxEvent =
			Simulator::Schedule(wait, &MendedTcpSocket::SendEmptyPacket, this, flags);
	}
}

void MendedTcpSocket::ReTxTimeout()
{
	if (IsSynchronized() && m_txBuffer->Size() > 0 && m_dataRetrCount == 0)
		End(ZSIM_TIMEDOUT);
	else
		TcpSocketBase::ReTxTimeout();
}

void MendedTcpSocket::PersistTimeout()
{
	/* ns-3 probes also when it has nothing to send, and crashes on it. */
	if (m_txBuffer->SizeFromSequence(m_tcb->m_nextTxSequence) == 0)
		return;
	if (m_probes++ >= m_dataRetries)
		End(ZSIM_TIMEDOUT);
	else
		TcpSocketBase::PersistTimeout();
}

/* The answer to a segment with an ACK for which there is no connection. */
void MendedTcpSocket::ReplyReset(const Segment &segment) const
{
	TcpHeader header;
	header.SetFlags(TcpHeader::RST);
	header.SetSequenceNumber(segment.header.GetAckNumber());
	header.SetSourcePort(segment.header.GetDestinationPort());
	header.SetDestinationPort(segment.header.GetSourcePort());
	m_tcp->SendPacket(Create<Packet>(), header,
			  InetSocketAddress::ConvertFrom(segment.to).GetIpv4(),
			  InetSocketAddress::ConvertFrom(segment.from).GetIpv4());
}

/* Lets the protocol look at the segment again, when this socket has left its end point. */
void MendedTcpSocket::Redeliver(const Segment &segment) const
{
	Ipv4Header header;
	header.SetSource(InetSocketAddress::ConvertFrom(segment.from).GetIpv4());
	header.SetDestination(InetSocketAddress::ConvertFrom(segment.to).GetIpv4());
	header.SetProtocol(TcpL4Protocol::PROT_NUMBER);
	header.SetPayloadSize(segment.packet->GetSize());

	Ptr<TcpL4Protocol> tcp = m_tcp;
	Ptr<Packet> packet = segment.packet->Copy();
	Ptr<Ipv4Interface> interface = m_node->GetObject<Ipv4L3Protocol>()->GetInterface(1);
	Simulator::ScheduleNow(
		[tcp, packet, header, interface] { tcp->Receive(packet, header, interface); });
}
