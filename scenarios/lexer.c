/* SPDX-License-Identifier: MIT */
#include "scenarios/lexer.h"

#include <string.h>

#define WORD_CHARS G_CSET_a_2_z G_CSET_A_2_Z "0123456789_-+.@${}%"

struct zrace_lexer {
	GScanner *scanner;
	struct zrace_token tokens[ZRACE_MAX_TOKENS + 1];
	size_t ntokens;
};

static const GScannerConfig scanner_config = {
	.cset_skip_characters = (gchar *)" \t\r",
	.cset_identifier_first = (gchar *)WORD_CHARS,
	.cset_identifier_nth = (gchar *)WORD_CHARS,
	.cpair_comment_single = (gchar *)"#\n",
	.case_sensitive = TRUE,
	.skip_comment_single = TRUE,
	.scan_identifier = TRUE,
	.scan_identifier_1char = TRUE,
	.scan_string_dq = TRUE,
	.char_2_token = FALSE,
};

struct zrace_lexer *zrace_lexer_new(void)
{
	struct zrace_lexer *lexer = g_new0(struct zrace_lexer, 1);

	lexer->scanner = g_scanner_new(&scanner_config);
	return lexer;
}

static void clear_tokens(struct zrace_lexer *lexer)
{
	for (size_t i = 0; i <= lexer->ntokens; i++)
		g_clear_pointer(&lexer->tokens[i].text, g_free);
	lexer->ntokens = 0;
}

void zrace_lexer_free(struct zrace_lexer *lexer)
{
	clear_tokens(lexer);
	g_scanner_destroy(lexer->scanner);
	g_free(lexer);
}

static void fill_token(struct zrace_token *token, GScanner *scanner, GTokenType type)
{
	const GTokenValue *value = &scanner->value;

	switch (type) {
	case G_TOKEN_EOF:
		token->kind = ZRACE_END;
		token->text = g_strdup("the end of the line");
		break;
	case G_TOKEN_IDENTIFIER:
		token->kind = ZRACE_WORD;
		token->text = g_strdup(value->v_identifier);
		break;
	case G_TOKEN_STRING:
		token->kind = ZRACE_STRING;
		token->text = g_strdup(value->v_string);
		break;
	case G_TOKEN_CHAR:
		token->kind = ZRACE_CHAR;
		token->text = g_strdup_printf("%c", value->v_char);
		break;
	default:
		token->kind = ZRACE_BAD;
		token->text = g_strdup("a string without its closing quote");
		break;
	}
	/* A byte of a longer UTF-8 character alone would break the message. */
	if (!g_utf8_validate(token->text, -1, NULL)) {
		token->kind = ZRACE_BAD;
		g_free(token->text);
		token->text = g_strdup("a character that is not ASCII");
	}
}

size_t zrace_lexer_line(struct zrace_lexer *lexer, const char *line)
{
	/* GScanner counts a tab as up to 8 columns; here a column is a byte. */
	char *text = g_strdelimit(g_strdup(line), "\t", ' ');
	size_t end = 0;

	clear_tokens(lexer);
	g_scanner_input_text(lexer->scanner, text, (guint)strlen(text));
	for (;;) {
		struct zrace_token *token = &lexer->tokens[lexer->ntokens];

		end += strspn(text + end, " \r");
		token->col = (unsigned)end + 1;
		fill_token(token, lexer->scanner, g_scanner_get_next_token(lexer->scanner));
		end = g_scanner_cur_position(lexer->scanner);
		if (token->kind == ZRACE_END || token->kind == ZRACE_BAD)
			break;
		if (++lexer->ntokens == ZRACE_MAX_TOKENS) {
			token = &lexer->tokens[ZRACE_MAX_TOKENS];
			token->kind = ZRACE_BAD;
			token->col = (unsigned)end + 1;
			token->text = g_strdup("more words than a line may have");
			break;
		}
	}
	/* The scanner frees what it says when it says the next, and not when it gets other text. */
	while (g_scanner_get_next_token(lexer->scanner) != G_TOKEN_EOF)
		;
	g_scanner_input_text(lexer->scanner, "", 0);
	g_free(text);
	return lexer->ntokens;
}

const struct zrace_token *zrace_lexer_token(const struct zrace_lexer *lexer, size_t index)
{
	return &lexer->tokens[MIN(index, lexer->ntokens)];
}
