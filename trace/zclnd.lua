-- SPDX-License-Identifier: MIT
-- A Wireshark dissector for Lustre's socklnd: acceptor request, HELLO of V1 to V3, and the messages
-- with their LNet headers (doc/wire.md). Copy it into Wireshark's folder of personal Lua plugins, or
--	tshark -X lua_script:zclnd.lua -r FILE
-- It takes TCP port 988, and others that its preference "ports" names, in place of Wireshark's own.

local zclnd = Proto("zclnd", "Lustre socklnd")

local ACCEPTOR, PROTO, V1_MAGIC = 0xacce7100, 0x45726963, 0xeebc0ded
local NOOP, LNET = 0xc0, 0xc1
local PORT = 988
local HEADER, LNET_HEADER, REQUEST, HELLO_V1, HELLO_V2, MAX_IPS = 24, 72, 16, 72, 56, 16

local ctypes = {[-1] = "NONE", [0] = "ANY", [1] = "CONTROL", [2] = "BULK_IN", [3] = "BULK_OUT"}
local lnet_types = {[0] = "ACK", [1] = "PUT", [2] = "GET", [3] = "REPLY", [4] = "HELLO"}

local f = zclnd.fields
f.kind = ProtoField.string("zclnd.kind", "Kind")
f.version = ProtoField.uint32("zclnd.version", "Version")
f.acceptor_version = ProtoField.uint32("zclnd.acceptor_version", "Acceptor version")
f.ctype = ProtoField.string("zclnd.ctype", "Connection type")
f.src_nid = ProtoField.string("zclnd.src_nid", "Source NID")
f.dest_nid = ProtoField.string("zclnd.dest_nid", "Destination NID")
f.src_pid = ProtoField.uint32("zclnd.src_pid", "Source pid")
f.dest_pid = ProtoField.uint32("zclnd.dest_pid", "Destination pid")
f.incarnation = ProtoField.uint64("zclnd.incarnation", "Incarnation")
f.nips = ProtoField.uint32("zclnd.nips", "IP addresses")
f.csum = ProtoField.uint32("zclnd.csum", "Checksum", base.HEX)
f.req_cookie = ProtoField.uint64("zclnd.req_cookie", "ZC request cookie")
f.ack_cookie = ProtoField.uint64("zclnd.ack_cookie", "ZC-ACK cookie")
f.acks = ProtoField.string("zclnd.acks", "Acknowledges")
f.lnet_type = ProtoField.string("zclnd.lnet_type", "LNet type")
f.payload_length = ProtoField.uint32("zclnd.payload_length", "Payload length")
f.match_bits = ProtoField.uint64("zclnd.match_bits", "Match bits", base.HEX)
f.portal = ProtoField.uint32("zclnd.portal", "Portal")
f.offset = ProtoField.uint32("zclnd.offset", "Offset")
f.sink_length = ProtoField.uint32("zclnd.sink_length", "Sink length")
f.mlength = ProtoField.uint32("zclnd.mlength", "Matched length")
f.handle = ProtoField.bytes("zclnd.handle", "Wire handle")
f.error = ProtoField.string("zclnd.error", "Not understood")

zclnd.prefs.ports = Pref.range("TCP ports", tostring(PORT), "Ports of acceptors", 65535)

-- ---- what is known of a stream ----

local get_stream = Field.new("tcp.stream")
local streams = {} -- [stream and sender] = {version, little, frame}; set by the HELLO

function zclnd.init()
	streams = {}
end

-- One direction of one stream.
local function direction_of(pinfo)
	local stream = get_stream()

	return tostring(stream and stream.value or 0) .. " " .. tostring(pinfo.src) .. ":" ..
		pinfo.src_port
end

-- ---- integers in the sender's order, which differs from stream to stream ----

local function u32(tvb, at, little)
	local range = tvb:range(at, 4)

	return little and range:le_uint() or range:uint()
end

local function add(tree, field, tvb, at, len, little)
	if little then
		tree:add_le(field, tvb:range(at, len))
	else
		tree:add(field, tvb:range(at, len))
	end
end

local function u64(tvb, at, little)
	local range = tvb:range(at, 8)

	return little and range:le_uint64() or range:uint64()
end

-- "10.0.0.9@tcp3"
local function nid_text(tvb, at, little)
	local low = u32(tvb, little and at or at + 4, little)
	local net = u32(tvb, little and at + 4 or at, little)
	local kind, number = math.floor(net / 65536), net % 65536
	local text

	if kind == 9 then
		return low .. "@lo" .. (number > 0 and number or "")
	end
	text = string.format("%d.%d.%d.%d", math.floor(low / 16777216) % 256,
		math.floor(low / 65536) % 256, math.floor(low / 256) % 256, low % 256)
	if kind == 2 then
		return text .. "@tcp" .. (number > 0 and number or "")
	end
	return string.format("%s@<%d:%d>", text, kind, number)
end

local function add_nid(tree, field, tvb, at, little)
	tree:add(field, tvb:range(at, 8), nid_text(tvb, at, little))
end

-- What a NOOP's cookies acknowledge: one, two, or on V3 a whole range.
local function acks_text(first, second)
	if first == UInt64(0) then
		return second == UInt64(1) and "keepalive" or tostring(second)
	end
	if first < second then
		return tostring(first) .. " to " .. tostring(second)
	end
	return tostring(first) .. ", " .. tostring(second)
end

-- ---- the parts of a stream: each returns how many bytes it took, or what it lacks ----

local function item(tree, tvb, at, len, kind)
	local sub = tree:add(zclnd, tvb:range(at, len), "socklnd " .. kind)

	sub:add(f.kind, kind):set_generated()
	return sub
end

local function request(tvb, at, left, tree, info)
	local little, sub

	if left < REQUEST then
		return nil, REQUEST
	end
	little = u32(tvb, at, true) == ACCEPTOR
	sub = item(tree, tvb, at, REQUEST, "accept_request")
	add(sub, f.acceptor_version, tvb, at + 4, 4, little)
	add_nid(sub, f.dest_nid, tvb, at + 8, little)
	table.insert(info, "acceptor request")
	return REQUEST
end

local function add_ctype(sub, tvb, at, little, info, version)
	local range = tvb:range(at, 4)
	local ctype = little and range:le_int() or range:int()
	local name = ctypes[ctype] or tostring(ctype)

	sub:add(f.ctype, range, name)
	table.insert(info, "HELLO V" .. version .. " " .. name)
end

-- An LNet header in which other fields have a new meaning.
local function hello_v1(tvb, at, left, tree, info)
	local size = HELLO_V1
	local sub

	if left < size then
		return nil, size
	end
	size = size + math.min(u32(tvb, at + 28, true), 4 * MAX_IPS)
	if left < size then
		return nil, size
	end
	sub = item(tree, tvb, at, size, "hello")
	sub:add(f.version, 1):set_generated()
	add_nid(sub, f.src_nid, tvb, at + 8, true)
	add(sub, f.src_pid, tvb, at + 20, 4, true)
	add(sub, f.incarnation, tvb, at + 32, 8, true)
	add_ctype(sub, tvb, at + 40, true, info, 1)
	sub:add(f.nips, math.floor(u32(tvb, at + 28, true) / 4)):set_generated()
	return size, nil, {version = 1, little = true}
end

local function hello_v2(tvb, at, left, tree, info, little)
	local size, version, sub = HELLO_V2, nil, nil

	if left < size then
		return nil, size
	end
	version = u32(tvb, at + 4, little)
	size = size + 4 * math.min(u32(tvb, at + 52, little), MAX_IPS)
	if left < size then
		return nil, size
	end
	sub = item(tree, tvb, at, size, "hello")
	add(sub, f.version, tvb, at + 4, 4, little)
	add_nid(sub, f.src_nid, tvb, at + 8, little)
	add_nid(sub, f.dest_nid, tvb, at + 16, little)
	add(sub, f.src_pid, tvb, at + 24, 4, little)
	add(sub, f.dest_pid, tvb, at + 28, 4, little)
	add(sub, f.incarnation, tvb, at + 32, 8, little)
	add_ctype(sub, tvb, at + 48, little, info, version)
	add(sub, f.nips, tvb, at + 52, 4, little)
	return size, nil, {version = version, little = little}
end

local function add_union(sub, tvb, at, kind)
	sub:add(f.handle, tvb:range(at, 16))
	if kind == "REPLY" then
		return
	end
	add(sub, f.match_bits, tvb, at + 16, 8, true)
	if kind == "ACK" then
		add(sub, f.mlength, tvb, at + 24, 4, true)
	elseif kind == "PUT" then
		add(sub, f.portal, tvb, at + 32, 4, true)
		add(sub, f.offset, tvb, at + 36, 4, true)
	else
		add(sub, f.portal, tvb, at + 24, 4, true)
		add(sub, f.offset, tvb, at + 28, 4, true)
		add(sub, f.sink_length, tvb, at + 32, 4, true)
	end
end

-- ksock header (V2+), LNet header, payload.
local function message(tvb, at, left, tree, info, known)
	local ksm = known.version >= 2 and HEADER or 0
	local first, second = UInt64(0), UInt64(0)
	local length, kind, sub, lnet

	if left < math.max(ksm, 1) then
		return nil, math.max(ksm, 1)
	end
	if ksm > 0 then
		local ksm_type = u32(tvb, at, known.little)

		first, second = u64(tvb, at + 8, known.little), u64(tvb, at + 16, known.little)
		if ksm_type ~= NOOP and ksm_type ~= LNET then
			return nil, nil
		end
		kind = ksm_type == NOOP and "noop" or "lnet"
	end
	if kind ~= "noop" then
		lnet = at + ksm
		if left < ksm + LNET_HEADER then
			return nil, ksm + LNET_HEADER
		end
		length = u32(tvb, lnet + 28, true)
		if not lnet_types[u32(tvb, lnet + 24, true)] or length > 1048576 then
			return nil, nil
		end
		if left < ksm + LNET_HEADER + length then
			return nil, ksm + LNET_HEADER + length
		end
	end
	sub = item(tree, tvb, at, ksm + (lnet and LNET_HEADER + length or 0), kind or "lnet")
	sub:add(f.version, known.version):set_generated()
	if ksm > 0 then
		add(sub, f.csum, tvb, at + 4, 4, known.little)
		add(sub, f.req_cookie, tvb, at + 8, 8, known.little)
		add(sub, f.ack_cookie, tvb, at + 16, 8, known.little)
	end
	if kind == "noop" then
		sub:add(f.acks, acks_text(first, second)):set_generated()
		table.insert(info, "NOOP " .. acks_text(first, second))
		return HEADER
	end
	kind = lnet_types[u32(tvb, lnet + 24, true)]
	sub:add(f.lnet_type, tvb:range(lnet + 24, 4), kind)
	add_nid(sub, f.dest_nid, tvb, lnet, true)
	add_nid(sub, f.src_nid, tvb, lnet + 8, true)
	add(sub, f.dest_pid, tvb, lnet + 16, 4, true)
	add(sub, f.src_pid, tvb, lnet + 20, 4, true)
	add(sub, f.payload_length, tvb, lnet + 28, 4, true)
	add_union(sub, tvb, lnet + 32, kind)
	table.insert(info, kind .. (length > 0 and " " .. length .. " B" or ""))
	return ksm + LNET_HEADER + length
end

-- What stands next in a direction is told by its first bytes, or by the HELLO that came before.
local function part(tvb, at, left, tree, info, known)
	local big, little

	if left < 4 then
		return nil, 4
	end
	big, little = u32(tvb, at, false), u32(tvb, at, true)
	if not known then
		if big == ACCEPTOR or little == ACCEPTOR then
			return request(tvb, at, left, tree, info)
		elseif little == V1_MAGIC then
			return hello_v1(tvb, at, left, tree, info)
		elseif big == PROTO or little == PROTO then
			return hello_v2(tvb, at, left, tree, info, little == PROTO)
		end
		return nil, nil
	end
	return message(tvb, at, left, tree, info, known)
end

local function opens(tvb, at)
	local big, little = u32(tvb, at, false), u32(tvb, at, true)

	return big == ACCEPTOR or little == ACCEPTOR or little == V1_MAGIC or big == PROTO or
		little == PROTO
end

-- A HELLO is known to what comes after it in the stream, also when packets are looked at again.
local function known_at(way, number, tvb, at)
	local known = streams[way]

	if not known or known.frame > number then
		return nil
	end
	if known.frame == number and tvb:len() - at >= 4 and opens(tvb, at) then
		return nil
	end
	return known
end

function zclnd.dissector(tvb, pinfo, tree)
	local way, at, info = direction_of(pinfo), 0, {}

	pinfo.cols.protocol = "SOCKLND"
	while at < tvb:len() do
		local known = known_at(way, pinfo.number, tvb, at)
		local took, need, found = part(tvb, at, tvb:len() - at, tree, info, known)

		if found and not streams[way] then
			found.frame = pinfo.number
			streams[way] = found
		end
		if took then
			at = at + took
		elseif need then
			pinfo.desegment_offset = at
			pinfo.desegment_len = need - (tvb:len() - at)
			break
		else
			tree:add(zclnd, tvb:range(at)):add(f.error, "no socklnd here"):set_generated()
			break
		end
	end
	if #info > 0 then
		pinfo.cols.info = table.concat(info, "; ")
	end
	return tvb:len()
end

-- ---- ports ----

local tcp_ports = DissectorTable.get("tcp.port")
local taken = zclnd.prefs.ports

tcp_ports:set(taken, zclnd)

function zclnd.prefs_changed()
	if taken == zclnd.prefs.ports then
		return
	end
	tcp_ports:remove(taken, zclnd)
	taken = zclnd.prefs.ports
	tcp_ports:set(taken, zclnd)
end
