/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* Folios: one page or several that the kernel keeps as one. */
#ifndef DENOBPF_FOLIOS_H
#define DENOBPF_FOLIOS_H

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* How many pages a folio has: until Linux 6.12, and since. */
struct folio___until_6_12 {
	unsigned int _folio_nr_pages;
} __attribute__((preserve_access_index));

struct folio___since_6_13 {
	unsigned int _nr_pages;
} __attribute__((preserve_access_index));

/* The second page of several has their number until Linux 5.15, where there are no folios. */
struct page___compound {
	unsigned int compound_nr;
} __attribute__((preserve_access_index));

/* Of a page, where there are no folios, it must be the first of those that are kept as one. */
static __always_inline __u64 folio_pages(void *folio)
{
	struct page___compound *second = folio + bpf_core_type_size(struct page);
	struct folio___until_6_12 *older = folio;
	struct folio___since_6_13 *newer = folio;
	unsigned long flags = 0;

	/* its flags come first, and only one with this flag has more pages than one */
	bpf_probe_read_kernel(&flags, sizeof(flags), folio);
	if (!(flags & 1UL << bpf_core_enum_value(enum pageflags, PG_head)))
		return 1;
	if (bpf_core_field_exists(newer->_nr_pages))
		return BPF_CORE_READ(newer, _nr_pages);
	if (bpf_core_field_exists(older->_folio_nr_pages))
		return BPF_CORE_READ(older, _folio_nr_pages);
	if (bpf_core_field_exists(second->compound_nr))
		return BPF_CORE_READ(second, compound_nr);
	return 1;
}

#endif /* DENOBPF_FOLIOS_H */
