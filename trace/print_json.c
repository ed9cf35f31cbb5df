/* SPDX-License-Identifier: MIT */
#include "trace/print.h"

#include <inttypes.h>

#include <json-glib/json-glib.h>

#include "trace/decode.h"

#define NS_PER_S 1e9

static void add_int(JsonBuilder *b, const char *name, uint64_t value)
{
	json_builder_set_member_name(b, name);
	json_builder_add_int_value(b, (gint64)value);
}

/* 0 means that there is none. */
static void add_int_if_any(JsonBuilder *b, const char *name, uint64_t value)
{
	if (value != 0)
		add_int(b, name, value);
}

static void add_string(JsonBuilder *b, const char *name, const char *value)
{
	json_builder_set_member_name(b, name);
	json_builder_add_string_value(b, value);
}

/* All 64 bits matter, and many readers of JSON have doubles: a string. */
static void add_hex(JsonBuilder *b, const char *name, uint64_t value)
{
	char text[24];

	g_snprintf(text, sizeof(text), "0x%016" PRIx64, value);
	add_string(b, name, text);
}

static void add_nid(JsonBuilder *b, const char *name, zcl_nid nid)
{
	char text[ZCL_NID_STRLEN];

	add_string(b, name, zcl_nid_format(nid, text, sizeof(text)));
}

static void add_hello(JsonBuilder *b, const struct zcl_hello *hello)
{
	add_string(b, "ctype", zcl_ctype_name(hello->kshm_ctype));
	add_nid(b, "src_nid", hello->kshm_src_nid);
	if (hello->kshm_version != ZCL_V1)
		add_nid(b, "dest_nid", hello->kshm_dst_nid);
	add_hex(b, "incarnation", hello->kshm_src_incarnation);
}

static void add_ksm(JsonBuilder *b, const struct zcl_ksm *ksm)
{
	add_int_if_any(b, "req_cookie", ksm->ksm_zc_cookies[0]);
	add_int_if_any(b, "ack_cookie", ksm->ksm_zc_cookies[1]);
	add_int_if_any(b, "csum", ksm->ksm_csum);
}

static void add_lnet(JsonBuilder *b, const struct zcl_lnet_hdr *hdr)
{
	add_string(b, "lnet_type", zcl_lnet_type_name(hdr->type));
	add_int(b, "payload_length", hdr->payload_length);
	add_nid(b, "src_nid", hdr->src_nid);
	add_nid(b, "dest_nid", hdr->dest_nid);
	switch (hdr->type) {
	case ZCL_LNET_PUT:
		add_hex(b, "match_bits", hdr->msg.put.match_bits);
		add_int(b, "portal", hdr->msg.put.ptl_index);
		break;
	case ZCL_LNET_GET:
		add_hex(b, "match_bits", hdr->msg.get.match_bits);
		add_int(b, "portal", hdr->msg.get.ptl_index);
		break;
	case ZCL_LNET_ACK:
		add_hex(b, "match_bits", hdr->msg.ack.match_bits);
		break;
	default:
		break;
	}
}

static void add_record(JsonBuilder *b, const struct ztrace_record *record)
{
	const struct zcl_rx_item *item = &record->item;

	json_builder_set_member_name(b, "time");
	json_builder_add_double_value(b, (double)record->time_ns / NS_PER_S);
	add_int(b, "stream", record->stream->number);
	add_string(b, "from", record->stream->address[record->from]);
	add_string(b, "to", record->stream->address[!record->from]);
	add_string(b, "name", ztrace_kind_name(item->kind));
	if (item->kind == ZCL_ITEM_ACCEPT) {
		add_nid(b, "dest_nid", item->accept.acr_nid);
		return;
	}
	add_int(b, "version", record->version);
	if (item->kind == ZCL_ITEM_HELLO) {
		add_hello(b, &item->hello);
		return;
	}
	add_ksm(b, &item->ksm);
	if (item->kind == ZCL_ITEM_MESSAGE)
		add_lnet(b, &item->hdr);
}

void ztrace_print_json(const GArray *records, FILE *out)
{
	JsonGenerator *generator = json_generator_new();

	for (size_t i = 0; i < records->len && !ferror(out); i++) {
		JsonBuilder *b = json_builder_new();
		JsonNode *root;
		char *text;

		json_builder_begin_object(b);
		add_record(b, &g_array_index(records, struct ztrace_record, i));
		json_builder_end_object(b);
		root = json_builder_get_root(b);
		json_generator_set_root(generator, root);
		text = json_generator_to_data(generator, NULL);
		fprintf(out, "%s\n", text);
		g_free(text);
		json_node_unref(root);
		g_object_unref(b);
	}
	g_object_unref(generator);
}
