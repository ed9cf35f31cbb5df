/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <string.h>

#include "real/cli.h"

/* The configuration file: [node] for the process and for all NIs, [ni NAME] for one. */

#define NODE	  "node"
#define NI_PREFIX "ni "

static int key_of(const char *name)
{
	for (int key = 0; key < ZCLI_KEYS; key++) {
		if (!strcmp(zcli_key_name((enum zcli_key)key), name))
			return key;
	}
	return -1;
}

static bool read_value(GKeyFile *file, const char *path, const char *group, enum zcli_key key,
		       struct zcli_texts *to)
{
	const char *name = zcli_key_name(key);
	GError *error = NULL;

	to->where[key] = g_strdup_printf("%s: [%s] %s", path, group, name);
	if (key == ZCLI_PEER) {
		to->peers = g_key_file_get_string_list(file, group, name, NULL, &error);
	} else if (zcli_key_is_flag(key)) {
		const gboolean set = g_key_file_get_boolean(file, group, name, &error);

		if (error) {
			g_error_free(error);
			zcli_complain("%s: expected true or false", to->where[key]);
			return false;
		}
		to->value[key] = g_strdup(set ? "true" : "false");
	} else {
		to->value[key] = g_key_file_get_string(file, group, name, &error);
	}
	if (!error)
		return true;
	zcli_complain("%s: %s", to->where[key], error->message);
	g_error_free(error);
	return false;
}

/* limit: keys from there on have no place in this group. */
static bool read_group(GKeyFile *file, const char *path, const char *group, int limit,
		       struct zcli_texts *to)
{
	char **names = g_key_file_get_keys(file, group, NULL, NULL);
	bool good = true;

	for (char **name = names; good && names && *name; name++) {
		const int key = key_of(*name);

		if (key < 0)
			zcli_complain("%s: unknown key '%s' in [%s] (see zclnd peer --help)", path,
				      *name, group);
		else if (key >= limit)
			zcli_complain("%s: [%s] %s: is of the whole process, move it to [" NODE "]",
				      path, group, *name);
		good = key >= 0 && key < limit &&
		       read_value(file, path, group, (enum zcli_key)key, to);
	}
	g_strfreev(names);
	return good;
}

static bool read_ni(GKeyFile *file, const char *path, const char *group, GPtrArray *nis,
		    GPtrArray *names)
{
	const char *name = group + strlen(NI_PREFIX);
	struct zcli_texts *texts = g_new0(struct zcli_texts, 1);

	g_ptr_array_add(nis, texts);
	g_ptr_array_add(names, g_strdup(name));
	if (!*name) {
		zcli_complain("%s: [%s]: expected a name, as in [ni left]", path, group);
		return false;
	}
	return read_group(file, path, group, ZCLI_NI_KEYS, texts);
}

static bool read_groups(GKeyFile *file, const char *path, struct zcli_texts *node, GPtrArray *nis,
			GPtrArray *names)
{
	char **groups = g_key_file_get_groups(file, NULL);
	bool good = true;

	for (char **group = groups; good && *group; group++) {
		if (!strcmp(*group, NODE)) {
			good = read_group(file, path, *group, ZCLI_KEYS, node);
		} else if (g_str_has_prefix(*group, NI_PREFIX)) {
			good = read_ni(file, path, *group, nis, names);
		} else {
			zcli_complain("%s: unknown group [%s]: there are [" NODE "] and [" NI_PREFIX
				      "NAME]",
				      path, *group);
			good = false;
		}
	}
	g_strfreev(groups);
	return good;
}

bool zcli_read_config(const char *path, struct zcli_texts *node, GPtrArray *nis, GPtrArray *names)
{
	GKeyFile *file = g_key_file_new();
	GError *error = NULL;
	bool good;

	good = g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &error);
	if (!good) {
		zcli_complain("%s: %s", path, error->message);
		g_error_free(error);
	}
	good = good && read_groups(file, path, node, nis, names);
	g_key_file_unref(file);
	return good;
}
