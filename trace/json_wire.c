/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "trace/json.h"

/* A captured message in a trace: one table says where each field is and how it is written. */

G_DEFINE_QUARK(ztrace - json - error - quark, ztrace_json_error)

enum form {
	U32,
	U32_IF_ANY, /* 0: left out */
	U64_IF_ANY,
	VERSION, /* "v2" */
	CTYPE,
	LNET_TYPE,
	NID,
	NID_IF_ANY, /* 0: left out */
	WIDE,	    /* 64 bits as decimal text; 0: left out */
	HEX64,	    /* "0x8000000000000000" */
	HANDLE,	    /* "0x1.0x2", "none" */
	ADDRESS,    /* "10.77.0.2:1023" */
};

/* Sets of messages that have a field. */
#define ACCEPT (1u << 0)
#define HELLO  (1u << 1)
#define NOOP   (1u << 2)
#define PUT    (1u << 3)
#define GET    (1u << 4)
#define ACK    (1u << 5)
#define REPLY  (1u << 6)
#define END    (1u << 7)
#define LNET   (PUT | GET | ACK | REPLY)
#define ALL    (ACCEPT | HELLO | NOOP | LNET | END)

#define AT(member) offsetof(struct ztrace_wire, member)

static const struct field {
	const char *name;
	unsigned messages;
	enum form form;
	size_t at;
} fields[] = {
	{"stream", ALL, U32, AT(stream)},
	{"frame", ALL, U32, AT(frame)},
	{"from", ALL, ADDRESS, AT(from)},
	{"to", ALL, ADDRESS, AT(to)},
	{"version", HELLO | NOOP | LNET, VERSION, AT(version)},
	{"lnet_type", LNET, LNET_TYPE, AT(item.hdr.type)},
	{"acceptor_version", ACCEPT, U32, AT(item.accept.acr_version)},
	{"dest_nid", ACCEPT, NID, AT(item.accept.acr_nid)},
	{"ctype", HELLO, CTYPE, AT(item.hello.kshm_ctype)},
	{"src_nid", HELLO, NID, AT(item.hello.kshm_src_nid)},
	{"dest_nid", HELLO, NID_IF_ANY, AT(item.hello.kshm_dst_nid)},
	{"src_pid", HELLO, U32, AT(item.hello.kshm_src_pid)},
	{"dest_pid", HELLO, U32, AT(item.hello.kshm_dst_pid)},
	{"incarnation", HELLO, WIDE, AT(item.hello.kshm_src_incarnation)},
	{"dest_incarnation", HELLO, WIDE, AT(item.hello.kshm_dst_incarnation)},
	{"nips", HELLO, U32, AT(item.hello.kshm_nips)},
	{"req_cookie", NOOP | LNET, U64_IF_ANY, AT(item.ksm.ksm_zc_cookies[0])},
	{"ack_cookie", NOOP | LNET, U64_IF_ANY, AT(item.ksm.ksm_zc_cookies[1])},
	{"csum", NOOP | LNET, U32_IF_ANY, AT(item.ksm.ksm_csum)},
	{"payload_length", LNET, U32, AT(item.hdr.payload_length)},
	{"src_nid", LNET, NID, AT(item.hdr.src_nid)},
	{"dest_nid", LNET, NID, AT(item.hdr.dest_nid)},
	{"src_pid", LNET, U32, AT(item.hdr.src_pid)},
	{"dest_pid", LNET, U32, AT(item.hdr.dest_pid)},
	{"match_bits", PUT, HEX64, AT(item.hdr.msg.put.match_bits)},
	{"portal", PUT, U32, AT(item.hdr.msg.put.ptl_index)},
	{"offset", PUT, U32, AT(item.hdr.msg.put.offset)},
	{"hdr_data", PUT, HEX64, AT(item.hdr.msg.put.hdr_data)},
	{"ack_wmd", PUT, HANDLE, AT(item.hdr.msg.put.ack_wmd)},
	{"match_bits", GET, HEX64, AT(item.hdr.msg.get.match_bits)},
	{"portal", GET, U32, AT(item.hdr.msg.get.ptl_index)},
	{"offset", GET, U32, AT(item.hdr.msg.get.src_offset)},
	{"sink_length", GET, U32, AT(item.hdr.msg.get.sink_length)},
	{"return_wmd", GET, HANDLE, AT(item.hdr.msg.get.return_wmd)},
	{"match_bits", ACK, HEX64, AT(item.hdr.msg.ack.match_bits)},
	{"mlength", ACK, U32, AT(item.hdr.msg.ack.mlength)},
	{"dst_wmd", ACK, HANDLE, AT(item.hdr.msg.ack.dst_wmd)},
	{"dst_wmd", REPLY, HANDLE, AT(item.hdr.msg.reply.dst_wmd)},
};

static unsigned lnet_message(uint32_t type)
{
	switch (type) {
	case ZCL_LNET_PUT:
		return PUT;
	case ZCL_LNET_GET:
		return GET;
	case ZCL_LNET_ACK:
		return ACK;
	default:
		return REPLY;
	}
}

static unsigned message_of(const struct ztrace_wire *wire)
{
	switch (wire->kind) {
	case ZTRACE_WIRE_ACCEPT:
		return ACCEPT;
	case ZTRACE_WIRE_HELLO:
		return HELLO;
	case ZTRACE_WIRE_NOOP:
		return NOOP;
	case ZTRACE_WIRE_LNET:
		return lnet_message(wire->item.hdr.type);
	default:
		return END;
	}
}

/* ---- writing ---- */

static uint64_t number_at(const struct field *field, const void *at)
{
	switch (field->form) {
	case U64_IF_ANY:
	case WIDE:
	case HEX64:
	case NID:
	case NID_IF_ANY:
		return *(const uint64_t *)at;
	case CTYPE:
		return (uint64_t)(*(const int32_t *)at + 1);
	default:
		return *(const uint32_t *)at;
	}
}

static void write_number(JsonBuilder *builder, const struct field *field, uint64_t value)
{
	const bool if_any = field->form == U32_IF_ANY || field->form == U64_IF_ANY;

	if (value != 0 || !if_any)
		ztrace_json_int(builder, field->name, (int64_t)value);
}

static void write_text(JsonBuilder *builder, const struct field *field, const void *at, char *text,
		       size_t size)
{
	const struct zcl_handle *handle = at;

	switch (field->form) {
	case VERSION:
		g_snprintf(text, (gulong)size, "v%" PRIu32, *(const uint32_t *)at);
		break;
	case CTYPE:
		g_strlcpy(text, zcl_ctype_name(*(const int32_t *)at), size);
		break;
	case LNET_TYPE:
		g_strlcpy(text, zcl_lnet_type_name(*(const uint32_t *)at), size);
		break;
	case NID:
	case NID_IF_ANY:
		zcl_nid_format(*(const zcl_nid *)at, text, size);
		break;
	case WIDE:
		g_snprintf(text, (gulong)size, "%" PRIu64, *(const uint64_t *)at);
		break;
	case HEX64:
		g_snprintf(text, (gulong)size, "0x%016" PRIx64, *(const uint64_t *)at);
		break;
	case HANDLE:
		if (zcl_handle_is_none(*handle))
			g_strlcpy(text, "none", size);
		else
			g_snprintf(text, (gulong)size, "0x%" PRIx64 ".0x%" PRIx64,
				   handle->wh_interface_cookie, handle->wh_object_cookie);
		break;
	default:
		g_strlcpy(text, at, size);
		break;
	}
	ztrace_json_string(builder, field->name, text);
}

static void write_ips(JsonBuilder *builder, const struct zcl_hello *hello)
{
	json_builder_set_member_name(builder, "ips");
	json_builder_begin_array(builder);
	for (uint32_t i = 0; i < hello->kshm_nips; i++)
		json_builder_add_int_value(builder, hello->kshm_ips[i]);
	json_builder_end_array(builder);
}

void ztrace_json_wire_write(JsonBuilder *builder, const struct ztrace_wire *wire)
{
	const unsigned message = message_of(wire);
	char text[ZTRACE_ADDRESS];

	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
		const struct field *field = &fields[i];
		const void *at = (const char *)wire + field->at;

		if (!(field->messages & message))
			continue;
		if (field->form == U32 || field->form == U32_IF_ANY || field->form == U64_IF_ANY)
			write_number(builder, field, number_at(field, at));
		else if ((field->form != WIDE && field->form != NID_IF_ANY) ||
			 number_at(field, at) != 0)
			write_text(builder, field, at, text, sizeof(text));
	}
	if (message == HELLO && wire->item.hello.kshm_nips)
		write_ips(builder, &wire->item.hello);
}

/* ---- reading ---- */

static bool read_lnet_type(const char *text, uint32_t *type)
{
	for (uint32_t i = ZCL_LNET_ACK; i <= ZCL_LNET_REPLY; i++) {
		if (strcmp(zcl_lnet_type_name(i), text) == 0) {
			*type = i;
			return true;
		}
	}
	return false;
}

static bool read_unsigned(const char *text, guint base, uint64_t max, uint64_t *value)
{
	return g_ascii_string_to_unsigned(text, base, 0, max, value, NULL);
}

static bool read_hex(const char *text, uint64_t max, uint64_t *value)
{
	return g_str_has_prefix(text, "0x") && read_unsigned(text + 2, 16, max, value);
}

static bool read_handle(const char *text, struct zcl_handle *handle)
{
	char **parts;
	bool good;

	if (strcmp(text, "none") == 0) {
		*handle = zcl_handle_none;
		return true;
	}
	parts = g_strsplit(text, ".", 2);
	good = g_strv_length(parts) == 2 &&
	       read_hex(parts[0], UINT64_MAX, &handle->wh_interface_cookie) &&
	       read_hex(parts[1], UINT64_MAX, &handle->wh_object_cookie);
	g_strfreev(parts);
	return good;
}

static bool read_text(enum form form, const char *text, void *at)
{
	uint64_t value;

	switch (form) {
	case VERSION:
		if (*text != 'v' || !read_unsigned(text + 1, 10, UINT32_MAX, &value))
			return false;
		*(uint32_t *)at = (uint32_t)value;
		return true;
	case CTYPE:
		return zcl_ctype_parse(text, at) == ZCL_OK;
	case LNET_TYPE:
		return read_lnet_type(text, at);
	case NID:
	case NID_IF_ANY:
		return zcl_nid_parse(text, at) == ZCL_OK;
	case WIDE:
		return read_unsigned(text, 10, UINT64_MAX, at);
	case HEX64:
		return read_hex(text, UINT64_MAX, at);
	case HANDLE:
		return read_handle(text, at);
	case ADDRESS:
		return g_strlcpy(at, text, ZTRACE_ADDRESS) < ZTRACE_ADDRESS;
	default:
		return false;
	}
}

static bool read_number(enum form form, gint64 value, void *at)
{
	if (value < 0)
		return false;
	if (form == U64_IF_ANY) {
		*(uint64_t *)at = (uint64_t)value;
		return true;
	}
	if ((form != U32 && form != U32_IF_ANY) || value > UINT32_MAX)
		return false;
	*(uint32_t *)at = (uint32_t)value;
	return true;
}

static bool may_lack(enum form form)
{
	return form == U32_IF_ANY || form == U64_IF_ANY || form == WIDE || form == NID_IF_ANY;
}

static bool read_field(JsonObject *data, const struct field *field, struct ztrace_wire *wire,
		       GError **error)
{
	JsonNode *node = json_object_get_member(data, field->name);
	void *at = (char *)wire + field->at;
	bool good = false;

	if (node == NULL && may_lack(field->form))
		return true;
	if (node != NULL && json_node_get_value_type(node) == G_TYPE_STRING)
		good = read_text(field->form, json_node_get_string(node), at);
	else if (node != NULL && json_node_get_value_type(node) == G_TYPE_INT64)
		good = read_number(field->form, json_node_get_int(node), at);
	if (!good)
		g_set_error(error, ZTRACE_JSON_ERROR, 0, "data.%s: %s", field->name,
			    node ? "not what zclnd-trace(5) says" : "missing");
	return good;
}

static bool read_ips(JsonObject *data, struct zcl_hello *hello, GError **error)
{
	JsonNode *node = json_object_get_member(data, "ips");
	JsonArray *ips = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

	if (hello->kshm_nips > ZCL_MAX_IPS ||
	    hello->kshm_nips != (ips ? json_array_get_length(ips) : 0)) {
		g_set_error(error, ZTRACE_JSON_ERROR, 0, "data.ips: expected nips numbers");
		return false;
	}
	for (uint32_t i = 0; i < hello->kshm_nips; i++)
		hello->kshm_ips[i] = (uint32_t)json_array_get_int_element(ips, i);
	return true;
}

static bool read_fields(JsonObject *data, unsigned messages, struct ztrace_wire *wire,
			GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
		if ((fields[i].messages & messages) && !read_field(data, &fields[i], wire, error))
			return false;
	return true;
}

bool ztrace_json_wire_read(JsonObject *data, const char *name, struct ztrace_wire *wire,
			   GError **error)
{
	unsigned kind = 0;

	while (kind < ZTRACE_WIRE_LAST &&
	       strcmp(ztrace_wire_name((enum ztrace_wire_kind)kind), name) != 0)
		kind++;
	g_assert(kind < ZTRACE_WIRE_LAST);
	wire->kind = (enum ztrace_wire_kind)kind;
	/* Which fields an LNET message has depends on its type. */
	if (kind == ZTRACE_WIRE_LNET) {
		const char *type =
			json_object_get_string_member_with_default(data, "lnet_type", "");

		if (!read_lnet_type(type, &wire->item.hdr.type)) {
			g_set_error(error, ZTRACE_JSON_ERROR, 0,
				    "data.lnet_type: expected PUT, GET, ACK or REPLY");
			return false;
		}
	}
	if (!read_fields(data, message_of(wire), wire, error))
		return false;
	return kind != ZTRACE_WIRE_HELLO || read_ips(data, &wire->item.hello, error);
}
