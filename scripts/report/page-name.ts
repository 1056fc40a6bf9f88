/** What the page of a report is called unless something else is asked for. */
export const REPORT_PAGE = "report.html";
